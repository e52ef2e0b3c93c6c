# SPDX-License-Identifier: Apache-2.0
"""What `./dev run` serves: two services and the gateway, begun and ended by one script."""
import os
import re
import signal
import socket
import subprocess
import sys
import unittest
from pathlib import Path

from harness import BINARY, PATIENCE, SERVICES, Case, Running, check_for_reports, eventually, unused_port


def children(pid):
    """By pid, the command lines."""
    listed = subprocess.run(["pgrep", "-P", str(pid)], capture_output=True, text=True).stdout.split()
    return {int(child): Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ") for child in listed}


def refuses(port):
    with socket.socket() as s:
        return s.connect_ex(("127.0.0.1", port)) != 0


class Quickstart(Case):
    def setUp(self):
        super().setUp()
        self.ports = [unused_port() for _ in range(4)]

    def begin(self, *more):
        script = Running([sys.executable, SERVICES / "quickstart.py", BINARY, *more, "--ports", *self.ports], owner=self)
        self.addCleanup(lambda: check_for_reports(script.output()))
        return script

    def begin_well(self):
        script = self.begin()
        script.says("Ctrl-C ends all three")
        return script

    def expect_all_ended(self):
        for port in self.ports:
            self.assertTrue(refuses(port), port)

    def test_answers_the_lines_that_it_prints(self):
        script = self.begin_well()
        commands = re.findall(r"^  (curl .*)$", script.output(), re.MULTILINE)

        said = [subprocess.run(["bash", "-o", "pipefail", "-c", command], capture_output=True, text=True, timeout=PATIENCE)
                for command in commands]

        self.assertEqual([result.returncode for result in said], [0] * 5, said)
        for result, expected in zip(said, ("Hello, world!", '"id": 1', "Linus", "X-Forwarded-For", 'route="hello"')):
            self.assertIn(expected, result.stdout)
        self.assertIn(f"http://127.0.0.1:{self.ports[1]}/metrics", script.output())

    def test_ends_all_by_ctrl_c(self):
        script = self.begin_well()
        script.send(signal.SIGINT)

        self.assertEqual(script.wait(), 0, script.output())

        self.assertIn("quickstart: stopping", script.output())
        self.assertNotIn("Traceback", script.output())
        self.expect_all_ended()

    def test_says_which_port_is_taken(self):
        for port in self.ports:
            with socket.create_server(("127.0.0.1", port)):
                script = self.begin()
                self.assertEqual(script.wait(), 1)

                self.assertRegex(script.output(), rf"^quickstart: port {port} is taken( by \S+, pid {os.getpid()})?; end that, or ")
                self.assertNotIn("Traceback", script.output())

    def test_says_which_of_the_three_has_ended_and_ends_the_others(self):
        for name, part in (("the service hello", "gunicorn"), ("the service users", "users.py"), ("the gateway", BINARY)):
            with self.subTest(name):
                script = self.begin_well()
                [victim] = [pid for pid, command in children(script.popen.pid).items() if part in command]
                os.kill(victim, signal.SIGKILL)

                self.assertEqual(script.wait(), 1)

                self.assertIn(f"quickstart: {name} ended; stopping the others", script.output())
                eventually(lambda: all(refuses(port) for port in self.ports), "all ports are free")

    def test_serves_a_configuration_of_ones_own(self):
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:{self.ports[0]}"}}}}
admin: {{bind: "127.0.0.1:{self.ports[1]}"}}
upstreams: {{users: {{url: "http://127.0.0.1:{self.ports[3]}"}}}}
routes: [{{name: all, match: {{path: /**}}, to: users}}]
""")
        script = self.begin(self.config)
        script.says(f"{self.config} in front of the services")
        self.port = self.ports[0]
        eventually(lambda: not refuses(self.port), "the gateway listens")

        self.assertEqual(self.curl("/users/1").status, 200)

    def test_ends_where_the_gateway_refuses_its_configuration(self):
        self.config.write_text("version: 1\nlistenrs: {}\n")
        script = self.begin(self.config)

        self.assertEqual(script.wait(), 1)

        self.assertIn("listenrs", script.output())
        self.assertIn("quickstart: the gateway ended", script.output())
        self.expect_all_ended()


if __name__ == "__main__":
    unittest.main()
