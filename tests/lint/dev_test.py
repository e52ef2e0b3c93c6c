# SPDX-License-Identifier: Apache-2.0
"""What `./dev test` makes of the suites' results, with a ctest that says what the case wants."""
import os
import shutil
import signal
import subprocess
import tempfile
import unittest
from pathlib import Path

from tree import ROOT

# Each run takes the next line of `runs`: an exit code, and what LastTest.log holds then.
CTEST = r"""#!/usr/bin/env bash
echo "ctest $*"
mkdir -p build/$2/Testing/Temporary
head -1 runs | cut -d' ' -f2- > build/$2/Testing/Temporary/LastTest.log
code=$(head -1 runs | cut -d' ' -f1)
sed -i 1d runs
exit "$code"
"""
HANGING = r"""#!/usr/bin/env bash
mkdir -p build/$2/Testing/Temporary
echo "WARNING: Thread""Sanitizer: data race" > build/$2/Testing/Temporary/LastTest.log.tmp
echo "hangs"
exec sleep 600
"""
RACE = "WARNING: Thread" "Sanitizer: data race (pid=1)"


class Suites(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        shutil.copy(ROOT / "dev", self.folder)
        for name, text in (("cmake", "#!/bin/sh\n"), ("dpkg-query", "#!/bin/sh\nprintf installed\n"),
                           ("npm", "#!/bin/sh\n"), ("ctest", CTEST)):
            tool = self.folder / "bin" / name
            tool.parent.mkdir(exist_ok=True)
            tool.write_text(text)
            tool.chmod(0o755)

    def outcome(self, presets, *runs):
        """The exit code, and how often ctest ran."""
        (self.folder / "runs").write_text("".join(f"{run}\n" for run in runs))
        result = subprocess.run(["./dev", "test", *presets.split()], cwd=self.folder, capture_output=True, text=True,
                                env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})
        return result.returncode, result.stdout.count("ctest ")

    def test_that_pass_are_run_once(self):
        self.assertEqual(self.outcome("dev", "0 fine"), (0, 1))

    def test_that_fail_are_run_once_more_and_that_decides(self):
        self.assertEqual(self.outcome("dev", "8 slow", "0 fine"), (0, 2))
        self.assertEqual(self.outcome("tsan", "8 slow", "0 fine"), (0, 2))
        self.assertNotEqual(self.outcome("dev", "8 wrong", "8 wrong")[0], 0)

    def test_of_a_sanitizer_that_reported_something_are_not_run_again(self):
        for report in (RACE, "gateway/a.cc:1:2: runtime" " error: signed integer overflow",
                       "==1==ERROR: Leak" "Sanitizer: detected memory leaks"):
            self.assertEqual(self.outcome("tsan", f"8 {report}", "0 fine"), (3, 1), report)

    def test_of_a_sanitizer_fail_by_a_report_in_a_suite_that_passed(self):
        self.assertEqual(self.outcome("tsan", f"0 {RACE}"), (3, 1))
        self.assertEqual(self.outcome("tsan", "8 slow", f"0 {RACE}"), (3, 2))
        self.assertEqual(self.outcome("tsan", "8 slow", f"8 {RACE}"), (3, 2))

    def test_that_fail_keep_nobody_from_the_next_preset(self):
        self.assertEqual(self.outcome("asan tsan", "8 slow", "8 slow", "0 fine"), (1, 3))
        self.assertEqual(self.outcome("asan tsan", "8 slow", "8 slow", f"0 {RACE}"), (3, 3))

    def test_tell_a_build_that_failed_from_tests_that_did(self):
        (self.folder / "bin/cmake").write_text("#!/bin/sh\nexit 1\n")
        self.assertEqual(self.outcome("dev"), (2, 0))

    def test_tell_what_was_reported_before_they_were_cut_short(self):
        (self.folder / "runs").write_text("")
        (self.folder / "bin/ctest").write_text(HANGING)
        process = subprocess.Popen(["./dev", "test", "tsan"], cwd=self.folder, stdout=subprocess.PIPE,
                                   stderr=subprocess.DEVNULL, start_new_session=True,
                                   env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})
        with process:
            self.assertIn(b"hangs", process.stdout.readline())
            os.killpg(process.pid, signal.SIGTERM)
            self.assertEqual(process.wait(), 3)


if __name__ == "__main__":
    unittest.main()
