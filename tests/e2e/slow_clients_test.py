# SPDX-License-Identifier: Apache-2.0
"""Ten thousand slow clients, and others who do not notice."""
import json
import re
import signal
import subprocess
import sys
import unittest
from pathlib import Path

from crowd import allow_descriptors
from harness import SANITIZED, Case, Running, eventually, users

CROWD = Path(__file__).with_name("crowd.py")
CLIENTS = 1_500 if SANITIZED else 10_000  # a sanitizer takes several times the memory and the time
# What each may take of the gateway's own memory: a buffer for its head and one for that of its service, with frames, the
# arena, and for bodies what is kept for another attempt.
MOST_EACH = 64 * 1024


def resident(process):
    """Bytes, of a process."""
    for line in Path(f"/proc/{process.pid}/status").read_text().split("\n"):
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    return 0


# How much later the others may have their answers than without a crowd. Services, clients and gateway share few processors,
# so both are generous; who waited for slow ones would wait for seconds.
TIMES_LATER, MORE = 20, 0.5


def p99(report):
    """Seconds."""
    number, unit = re.search(r"99%\s+([\d.]+)(us|ms|s|m)\s", report).groups()
    return float(number) * {"us": 1e-6, "ms": 1e-3, "s": 1, "m": 60}[unit]


class SlowClients(Case):
    @staticmethod
    def others():
        return ["wrk", "-t1", "-c8", "--latency", "--timeout", "60s"]

    def served(self):
        return self.metric("sluice_requests_total", route="users")

    def test_do_not_keep_others_from_being_served(self):
        # Each takes a descriptor of the gateway for itself, and two of three another one for their service.
        descriptors = allow_descriptors(2 * CLIENTS + 2000)
        each = min(CLIENTS, (descriptors - 2000) // 2) // 3
        service = Running([sys.executable, CROWD, "serve"], owner=self)
        sink = int(service.says(r"listening on http://127\.0\.0\.1:(\d+)").group(1))
        self.config.write_text(f"""version: 1
listeners:
  web:
    bind: "127.0.0.1:0"
    timeouts: {{head: 12s}}
    min_data_rate: {{rate: 240B, grace: 12s}}
admin: {{bind: "127.0.0.1:0"}}
upstreams:
  sink: {{url: "http://127.0.0.1:{sink}"}}
  users: {{url: "http://127.0.0.1:{users()}"}}
routes:
  - {{name: slow, match: {{path: /slow/**}}, to: sink, timeouts: {{total: 60s, idle: 60s, first_byte: 60s}}}}
  - {{name: users, match: {{path: /users/**}}, to: users}}
access_log: off
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        self.start()
        alone = subprocess.run([*self.others(), "-d2s", self.url("/users/1")], capture_output=True, text=True, check=True)
        before = resident(self.gateway.popen)
        load = subprocess.Popen([*self.others(), "-d600s", self.url("/users/1")], stdout=subprocess.PIPE, text=True)
        self.addCleanup(load.wait)
        self.addCleanup(load.kill)

        crowd = Running([sys.executable, CROWD, "clients", self.port, f"heads={each}", f"bodies={each}",
                         f"readers={each}"], owner=self)
        crowd.says(r"open \d+\n")
        there = self.metric("sluice_connections", listener="web")
        grown = resident(self.gateway.popen) - before
        print(f"{there:.0f} connections at once, {grown / there:.0f} bytes of the gateway's memory each", file=sys.stderr)
        self.assertEqual(self.curl("/users/1").status, 200)
        so_far = self.served()

        ends = json.loads(crowd.says(r"\{.*\}\n").group(0))
        served = self.served() - so_far
        load.send_signal(signal.SIGINT)
        report = load.communicate()[0]
        self.check_wrk(report)
        undisturbed, beside = p99(alone.stdout), p99(report)
        print(f"the others: p99 {undisturbed:.4f} s alone, {beside:.4f} s beside them, {served:.0f} requests", file=sys.stderr)
        self.assertGreater(served, there / 10)  # in the seconds that the slow ones are given
        self.assertEqual(ends, {"heads": {"408": each}, "bodies": {"408": each}, "readers": {"cut": each}})
        self.assertEqual(self.metric("sluice_requests_total", route="-", reason="client_timeout"), each)
        self.assertEqual(self.metric("sluice_requests_total", route="slow", reason="client_timeout"), each)
        eventually(lambda: self.metric("sluice_client_aborts_total", route="slow") == each, "those who do not read end")
        if not SANITIZED:
            self.assertLess(grown / there, MOST_EACH)
            self.assertLess(beside, TIMES_LATER * undisturbed + MORE)
        if 3 * each < CLIENTS - 3:
            self.skipTest(f"passed with {3 * each} clients alone, as {descriptors} descriptors are all that is allowed")


if __name__ == "__main__":
    unittest.main()
