# SPDX-License-Identifier: Apache-2.0
"""The program is replaced while it serves (SIGUSR2): real processes, under load."""
import contextlib
import json
import os
import re
import select
import shutil
import signal
import socket
import subprocess
import unittest
from pathlib import Path

import harness
from harness import PATIENCE, Case, GatewayProcess, Running, eventually, sluice

ROUTES = "  - {name: all, match: {path: /**}, to: hello}"
UPGRADES = 50
H2_LOAD = Path(__file__).with_name("h2_load.mjs")


class Upgrade(Case):
    def setUp(self):
        super().setUp()
        # A copy, so that the program can be replaced.
        self.binary = self.folder / "sluice"
        shutil.copy(harness.BINARY, self.binary)

    def start_copy(self, text):
        self.config.write_text(text)
        self.gateway = GatewayProcess([self.binary, "run", self.config], owner=self)
        self.addCleanup(self.end_successor)  # before the first one's output, in which they all write, is looked at
        self.port = int(self.gateway.says(r"web on port (\d+)").group(1))
        self.admin_port = int(self.gateway.says(r"admin on port (\d+)").group(1))
        self.pid = self.gateway.popen.pid

    def end_successor(self):
        if not self.pid or self.pid == self.gateway.popen.pid:
            return
        process = os.pidfd_open(self.pid)
        self.addCleanup(os.close, process)
        os.kill(self.pid, signal.SIGTERM)
        if not select.select([process], [], [], PATIENCE)[0]:
            os.kill(self.pid, signal.SIGKILL)
            self.fail(f"the successor has not ended within {PATIENCE} s")

    def upgrade(self):
        """SIGUSR2 to the process that serves, and back when another one does."""
        before = self.gateway.count("upgraded:")
        os.kill(self.pid, signal.SIGUSR2)
        eventually(lambda: self.gateway.count("upgraded:") > before, "another process serves")
        self.pid = int(re.findall(r"process (\d+) serves", self.gateway.output())[-1])
        self.gateway.asked_to_end = True  # it gives way

    def test_loses_no_request_in_many_upgrades(self):
        self.assertEqual(sluice("dev-cert", "--dir", self.folder / "certs", "localhost").returncode, 0)
        tls = 'tls: {bind: "127.0.0.1:0", tls: {certs: {cert: certs/localhost.pem, key: certs/localhost.key}}}'
        self.start_copy(self.text(ROUTES, more="workers: 2").replace("listeners: {", f"listeners: {{{tls}, "))
        first, tls_port = self.pid, self.gateway.says(r"tls on port (\d+)").group(1)
        load = subprocess.Popen(["wrk", "-t1", "-c16", "-d600s", self.url("/hello")], stdout=subprocess.PIPE, text=True)
        self.addCleanup(load.kill)
        h2_load = Running(["node", H2_LOAD, f"https://127.0.0.1:{tls_port}"], owner=self)
        eventually(lambda: self.metric("sluice_connections_total", protocol="h2") > 0, "HTTP/2")
        for _ in range(UPGRADES):
            self.upgrade()
        load.send_signal(signal.SIGINT)
        h2_load.send(signal.SIGINT)
        self.check_wrk(load.communicate(timeout=PATIENCE)[0])
        h2_load.wait()
        self.check_h2_load(json.loads(h2_load.output()))

        self.assertEqual(self.gateway.wait(), 0)  # the first one has drained
        self.assertNotEqual(self.pid, first)
        self.assertEqual(self.curl("/hello").status, 200)
        self.assertEqual(self.admin("/readyz").status, 200)

    def check_h2_load(self, result):
        self.assertEqual(result["lost"], [])
        self.assertGreater(result["answers"], 100)
        self.assertGreater(result["connections"], 1)  # some were told to go elsewhere

    def test_keeps_serving_when_the_new_program_cannot(self):
        self.start_copy(self.text(ROUTES))
        good = self.config.read_text()
        for broken in ("config", "program"):
            if broken == "config":
                self.config.write_text(good + "unknown_setting: 1\n")
            else:
                self.config.write_text(good)
                self.binary.unlink()
                self.binary.write_text("#!/bin/false\n")
                self.binary.chmod(0o755)
            before = self.gateway.count("not upgraded:")
            self.gateway.send(signal.SIGUSR2)
            eventually(lambda: self.gateway.count("not upgraded:") > before, "the upgrade is given up")
            self.assertEqual(self.curl("/hello").status, 200)
            self.assertEqual(self.admin("/readyz").status, 200)
        self.assertIsNone(self.gateway.popen.poll())
        self.gateway.send(signal.SIGTERM)
        self.assertEqual(self.gateway.wait(), 0)

    def test_finishes_what_is_under_way(self):
        self.start_copy(self.text("  - {name: all, match: {path: /**}, to: hello}"))
        with socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE) as s:
            s.sendall(b"POST /echo HTTP/1.1\r\nHost: a\r\nContent-Length: 4\r\n\r\nha")
            self.upgrade()
            s.sendall(b"lf")
            self.assertRegex(s.recv(4096), rb"^HTTP/1.1 \d\d\d ")

    def put(self, path, body="", method="PUT"):
        return self.curl("", "-X", method, "-H", "Content-Type: application/json", "--data-binary", body,
                         url=f"http://127.0.0.1:{self.admin_port}{path}")

    def test_hands_over_what_was_said_meanwhile(self):
        text = self.text("  - {name: all, match: {path: /**}, to: hello}\n  - {name: u, match: {path: /u}, to: users}")
        self.start_copy(text)
        port = self.admin("/upstreams").json()["upstreams"][1]["targets"][0]["target"]
        self.assertEqual(self.put("/revocations?issuer=https://idp.example.com&jti=8f3a").status, 200)
        self.assertEqual(self.put("/upstreams/hello/targets", f'["http://127.0.0.1:{harness.users()}"]').status, 200)
        self.assertEqual(self.put(f"/upstreams/users/targets/{port}", '{"drain": true}', "PATCH").status, 200)

        self.upgrade()
        self.upgrade()

        self.assertEqual(self.admin("/revocations").json(), {"revocations": 1})
        upstreams = {u["upstream"]: u["targets"] for u in self.admin("/upstreams").json()["upstreams"]}
        self.assertEqual([t["target"] for t in upstreams["hello"]], [f"127.0.0.1:{harness.users()}"])
        self.assertEqual([t["state"] for t in upstreams["users"]], ["drained"])

    def test_leaves_persisted_targets_to_the_process_that_serves(self):
        more = f"state_directory: {self.folder / 'state'}"
        self.start_copy(self.text("  - {name: all, match: {path: /**}, to: hello}\n"
                                  "  - {name: u, match: {path: /u}, to: users}", more=more))
        page = "/upstreams/hello/targets"
        kept, passing = (f'["http://127.0.0.1:{service()}"]' for service in (harness.users, harness.hello))

        def shown():
            return {u["upstream"]: u for u in self.admin("/upstreams").json()["upstreams"]}["hello"]

        self.assertEqual(self.put(page + "?persist=true", kept).status, 200)
        self.upgrade()
        self.assertEqual((shown()["source"], shown()["persisted"]), ("admin", True))

        self.assertEqual(self.put(page, passing).status, 200)
        self.upgrade()
        self.assertEqual((shown()["persisted"], shown()["others_persisted"]), (False, True))
        self.assertEqual([t["target"] for t in shown()["targets"]], [f"127.0.0.1:{harness.hello()}"])

        self.assertEqual(self.put(page, method="DELETE").status, 200)
        self.upgrade()
        self.assertEqual(shown()["source"], "configuration")

    def test_takes_no_changes_that_would_be_lost(self):
        self.start_copy(self.text(ROUTES))
        # A new program that takes the sockets and then does nothing.
        self.binary.unlink()
        self.binary.write_text("#!/usr/bin/env python3\nimport time\ntime.sleep(600)\n")
        self.binary.chmod(0o755)
        self.gateway.send(signal.SIGUSR2)
        self.gateway.says("upgrading: starting")
        eventually(lambda: self.put("/revocations?issuer=i&jti=j").status == 503, "the change is refused")
        self.gateway.send(signal.SIGTERM)  # ends the new one
        self.assertEqual(self.gateway.wait(), 0)

    def test_keeps_the_files_of_unix_sockets(self):
        path = self.folder / "web.sock"
        text = self.text(ROUTES).replace("listeners: {", f"listeners: {{unix: {{bind: \"unix:{path}\"}}, ")
        self.start_copy(text)
        self.upgrade()
        self.upgrade()
        self.assertEqual(self.gateway.wait(), 0)
        self.assertTrue(path.exists())
        result = subprocess.run(["curl", "-sS", "-m", "60", "--unix-socket", path, "http://a/hello"], capture_output=True)
        self.assertIn(b"Hello", result.stdout)
        os.kill(self.pid, signal.SIGTERM)
        eventually(lambda: not path.exists(), "the last one takes its socket away")
        self.pid = 0

    @contextlib.contextmanager
    def begun_with_a_name_that_is_not_answered(self, text):
        """SIGUSR2; inside, the new process has read its file and waits for a nameserver, for some seconds."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as nameserver:
            nameserver.bind(("127.0.0.1", 0))
            nameserver.settimeout(PATIENCE)
            port = nameserver.getsockname()[1]
            more = text.replace("upstreams:\n", f"resolver: {{nameservers: \"127.0.0.1:{port}\"}}\n"
                                "upstreams:\n  late: {url: http://late.test:80}\n")
            self.config.write_text(more.replace(ROUTES, ROUTES + "\n  - {name: late, match: {path: /late}, to: late}"))
            self.gateway.send(signal.SIGUSR2)
            nameserver.recv(512)
            yield

    def test_reads_again_what_was_to_be_read_again_meanwhile(self):
        text = self.text(ROUTES)
        self.start_copy(text)
        with self.begun_with_a_name_that_is_not_answered(text):
            self.config.write_text(text.replace(ROUTES, ROUTES + "\n  - {name: more, match: {path: /more}, respond: 204}"))
            self.gateway.send(signal.SIGHUP)
            for _ in range(20):
                self.assertEqual(self.admin("/readyz").status, 200)  # of the old process
            eventually(lambda: self.gateway.count("upgraded:") > 0, "another process serves")
        self.pid = int(self.gateway.says(r"process (\d+) serves").group(1))
        self.gateway.asked_to_end = True  # it gives way
        self.assertEqual(self.gateway.wait(), 0)
        eventually(lambda: self.curl("/more").status == 204, "the new process has read the file again")

    def test_keeps_them_when_the_new_process_is_ended_before_it_serves(self):
        path = self.folder / "web.sock"
        text = self.text(ROUTES).replace("listeners: {", f"listeners: {{unix: {{bind: \"unix:{path}\"}}, ")
        self.start_copy(text)
        with self.begun_with_a_name_that_is_not_answered(text):
            successor = [int(line.split()[0]) for line in subprocess.run(
                ["ps", "--no-headers", "-o", "pid", "--ppid", str(self.pid)], capture_output=True,
                text=True).stdout.splitlines()]
            self.assertEqual(len(successor), 1)
            os.kill(successor[0], signal.SIGTERM)
            self.gateway.says("not upgraded:")
        result = subprocess.run(["curl", "-sS", "-m", "60", "--unix-socket", path, "http://a/hello"], capture_output=True)
        self.assertIn(b"Hello", result.stdout)


if __name__ == "__main__":
    unittest.main()
