# SPDX-License-Identifier: Apache-2.0
"""What `./dev test` makes of the suites' results, with a ctest that says what the case wants, and what `./dev fuzz` refuses."""
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


class Dev(unittest.TestCase):
    """The script alone in a folder, with tools that do nothing."""

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

    def run_verb(self, *arguments):
        return subprocess.run(["./dev", *arguments], cwd=self.folder, capture_output=True, text=True,
                              env={**os.environ, "PATH": f"{self.folder}/bin:{os.environ['PATH']}"})


class Suites(Dev):
    def outcome(self, presets, *runs):
        """The exit code, and how often ctest ran."""
        (self.folder / "runs").write_text("".join(f"{run}\n" for run in runs))
        result = self.run_verb("test", *presets.split())
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

    def test_of_the_soak_that_found_a_fault_are_not_run_again(self):
        begin = "soak: FA" "ULT: "
        self.assertEqual(self.outcome("asan", f"8 {begin}memory grew from 40 to 90 MiB", "0 fine"), (3, 1))
        self.assertEqual(self.outcome("asan", "8 soak: FAILED: no answer", "0 fine"), (0, 2))
        self.assertIn(begin, (ROOT / "tests/soak/soak.py").read_text())

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


class Fuzz(Dev):
    def setUp(self):
        super().setUp()
        (self.folder / "bin/cmake").write_text("#!/bin/sh\nexit 7\n")  # that it was reached
        (self.folder / "tests/fuzz").mkdir(parents=True)
        for name in ("json", "request_head"):
            (self.folder / f"tests/fuzz/{name}_fuzz.cc").touch()

    def test_of_an_unknown_target_builds_nothing_and_names_the_others(self):
        for name in ("parser", "head", "json_fuzz", "*"):
            result = self.run_verb("fuzz", name, "5")
            self.assertEqual((result.returncode, result.stdout), (1, ""), name)
            self.assertEqual(result.stderr, f"dev: no fuzz target '{name}'; the targets are json request_head\n")

    def test_of_one_target_or_of_all_builds(self):
        for arguments in (["request_head", "5"], []):
            self.assertEqual(self.run_verb("fuzz", *arguments).returncode, 7, arguments)


if __name__ == "__main__":
    unittest.main()
