# SPDX-License-Identifier: Apache-2.0
"""The harness itself: what it says of a gateway that ends as it should not, with a shell in the gateway's place."""
import signal
import subprocess
import sys
import unittest
from pathlib import Path

import harness
from harness import GatewayProcess, check_for_reports, unused_port

ENDS_IN_ORDER = "trap 'exit 0' TERM; echo serves; while :; do sleep 0.02; done"
RACE = "WARNING: Thread" "Sanitizer: data race (pid=1)"


class UnusedPorts(unittest.TestCase):
    def test_are_nobody_else_s_as_long_as_this_process_lives(self):
        own = unused_port()
        picks = f"import harness; harness.random.randint = lambda *_, n=iter(({own}, {own} + 1, 9_999)): next(n); " \
                "print(harness.unused_port())"

        other = subprocess.run([sys.executable, "-c", picks], capture_output=True, text=True, cwd=Path(__file__).parent)

        self.assertIn(int(other.stdout), (own + 1, 9_999), other.stderr)


class Ends(unittest.TestCase):
    def run_shell(self, script, **options):
        process = GatewayProcess(["bash", "-c", script], owner=self, **options)
        self.addCleanup(setattr, process, "looked_at", True)  # before its own cleanup: what it says is the case's
        return process

    def fails(self, process, why):
        with self.assertRaisesRegex(AssertionError, why):
            process.end()

    def test_in_order_is_no_failure(self):
        process = self.run_shell(ENDS_IN_ORDER)
        process.says("serves")

        process.end()

        self.assertEqual(process.popen.returncode, 0)
        self.assertFalse(process.output_path.exists())

    def test_by_itself_with_an_exit_code_or_a_signal_fails(self):
        refused = self.run_shell("exit 3")
        refused.wait()
        self.fails(refused, "ended with 3")
        crashed = self.run_shell("kill -SEGV $$")
        crashed.wait()
        self.fails(crashed, "ended with -11")

    def test_as_the_test_wants_it_is_no_failure(self):
        refused = self.run_shell("exit 1", ends_with=(1,))
        refused.wait()
        refused.end()

        killed = self.run_shell(ENDS_IN_ORDER)
        killed.send(signal.SIGKILL)
        killed.end()

    def test_is_asked_for_once(self):
        process = self.run_shell("trap 'trap \"exit 1\" TERM; echo draining; sleep 0.3; exit 0' TERM; echo serves; "
                                 "while :; do sleep 0.02; done")
        process.says("serves")
        process.send(signal.SIGTERM)
        process.says("draining")

        process.end()

        self.assertEqual(process.popen.returncode, 0)

    def test_with_a_report_of_a_sanitizer_fails_whatever_the_exit_code(self):
        for report in (RACE, "a.cc:1:2: runtime" " error: shift exponent 64 is too large",
                       "==1==ERROR: Leak" "Sanitizer: detected memory leaks"):
            process = self.run_shell(f"echo '{report}' >&2")
            process.wait()
            self.fails(process, "a sanitizer has reported")

    def test_that_does_not_come_is_a_failure(self):
        process = self.run_shell("trap '' TERM; echo serves; while :; do sleep 0.02; done")
        process.says("serves")
        self.addCleanup(setattr, harness, "PATIENCE", harness.PATIENCE)
        harness.PATIENCE = 0.2

        self.fails(process, "has not ended within 0.2 s")

        self.assertEqual(process.popen.returncode, -signal.SIGKILL)


class Reports(unittest.TestCase):
    def test_are_told_from_what_only_sounds_like_them(self):
        check_for_reports("RuntimeError: no\nrequest for /AddressSanitizer\n")
        with self.assertRaises(AssertionError):
            check_for_reports(f"{RACE}\n")


if __name__ == "__main__":
    unittest.main()
