# SPDX-License-Identifier: Apache-2.0
"""A gateway that may take little memory, and many slow clients whose bodies it holds: it refuses some, serves those who are
critical, stays alive, and is itself again when they have gone."""
import contextlib
import http.client
import os
import select
import socket
import sys
import threading
import unittest
from pathlib import Path

from crowd import allow_descriptors
from harness import BINARY, PATIENCE, SANITIZED, Case, GatewayProcess, Running, eventually

CROWD = Path(__file__).with_name("crowd.py")
CLIENTS = 4000
BODY = 60_000  # of each; what is kept of it for another attempt is what fills the memory
HEAD = b"PUT /%s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n"
LIMIT = 64 << 20


class Critical(threading.Thread):
    """Asks for what is critical, again and again, on a connection that it opens anew where the gateway has ended it."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.port, self.over, self.statuses = port, threading.Event(), []

    def run(self):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        while not self.over.is_set():
            try:
                connection.request("GET", "/health")
                answer = connection.getresponse()
                answer.read()
                self.statuses.append(answer.status)
            except (http.client.RemoteDisconnected, ConnectionError):
                connection.close()
        connection.close()


@unittest.skipIf(SANITIZED, "a sanitizer needs more memory than the limit")
class Overload(Case):
    def cgroup(self):
        """A new cgroup with the limit; its folder."""
        for base, name in (("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")):
            folder = Path(base) / f"sluice-e2e-{os.getpid()}"
            try:
                folder.mkdir()
            except OSError:
                continue
            self.addCleanup(folder.rmdir)
            with contextlib.suppress(OSError):
                (folder / name).write_text(str(LIMIT))
                return folder
        self.skipTest("may not make a cgroup with a limit of memory")

    def configure(self, limit):
        service = Running([sys.executable, CROWD, "serve"], owner=self)
        sink = int(service.says(r"listening on http://127\.0\.0\.1:(\d+)").group(1))
        self.config.write_text(f"""version: 1
workers: 2
listeners: {{web: {{bind: "127.0.0.1:0", timeouts: {{body: 300s}}}}}}
admin: {{bind: "127.0.0.1:0"}}
overload: {{memory_limit: {limit}, lag: off}}
upstreams: {{sink: {{url: "http://127.0.0.1:{sink}"}}}}
routes:
  - {{name: health, match: {{path: /health}}, importance: critical, respond: 200}}
  - {{name: report, match: {{path: /report}}, importance: low, to: sink}}
  - {{name: order, match: {{path: /order}}, to: sink, timeouts: {{total: 300s, first_byte: 300s, idle: 300s}}}}
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")

    def resident(self):
        pages = Path(f"/proc/{self.gateway.popen.pid}/statm").read_text().split()[1]
        return int(pages) * os.sysconf("SC_PAGESIZE")

    def flood(self, clients):
        """All of them begin a body and leave it unfinished; returns the sockets, by their number."""
        poll, opening, held, statuses, most = select.epoll(), select.epoll(), {}, [], 0
        self.addCleanup(poll.close)
        self.addCleanup(opening.close)

        def look(patience):
            for number, _ in poll.poll(patience, 1000):
                try:
                    answer = held[number].recv(4096)
                except BlockingIOError:
                    continue
                except OSError:
                    answer = b""
                statuses.append((answer[9:12], b"urn:sluice:reason:shed" in answer))
                held.pop(number).close()

        for i in range(clients):
            s = socket.socket()
            s.setblocking(False)
            s.connect_ex(("127.0.0.1", self.port))
            held[s.fileno()] = s
            opening.register(s, select.EPOLLOUT)
            opening.poll(1)
            opening.unregister(s)
            with contextlib.suppress(OSError):  # it waits in the backlog, or is refused: reading tells
                s.send(HEAD % (b"order", BODY + 1000) + b"x" * BODY)
            poll.register(s, select.EPOLLIN)
            look(0)
            if i % 50 == 0:
                most = max(most, self.resident())
                self.metric("sluice_overload_level", cause="memory")  # no faster than the gateway comes to look
        eventually(lambda: look(0.02) or len(statuses) > 0, "some are refused")
        return held, statuses, max(most, self.resident())

    def test_refuses_some_and_lives(self):
        self.configure(f"{LIMIT >> 20}MiB")
        self.start()
        self.check()

    # Where the system ends a process that takes more.
    def test_lives_within_the_limit_of_its_cgroup(self):
        folder = self.cgroup()
        self.configure("auto")
        self.gateway = GatewayProcess(["sh", "-c", f'echo $$ > {folder}/cgroup.procs; exec "$0" "$@"', BINARY, "run",
                                       self.config], owner=self)
        self.port = int(self.gateway.says(r"web on port (\d+)").group(1))
        self.admin_port = int(self.gateway.says(r"admin on port (\d+)").group(1))
        self.assertEqual(self.metric("sluice_memory_limit_bytes"), LIMIT)
        self.check()

    def check(self):
        descriptors = allow_descriptors(2 * CLIENTS + 2000)
        clients = min(CLIENTS, (descriptors - 1000) // 2)
        before = self.resident()
        critical = Critical(self.port)
        critical.start()

        held, statuses, most = self.flood(clients)

        refused = eventually(lambda: self.metric("sluice_overload_shed_total", cause="memory"), "some are refused")
        print(f"{before >> 20} MiB before, at most {most >> 20} MiB of {LIMIT >> 20} MiB, {refused:.0f} of {clients} refused",
              file=sys.stderr)
        self.assertIsNone(self.gateway.popen.poll(), self.gateway.output())
        self.assertIn((b"503", True), statuses)
        self.assertRegex(self.gateway.output(), r"warning memory: \d+ MiB of 64 MiB in use: ")
        self.assertLess(most, 2 * LIMIT)  # all that is sent is four times the limit
        so_far = len(critical.statuses)
        eventually(lambda: len(critical.statuses) > so_far, "what is critical is served")

        for s in held.values():
            s.close()
        eventually(lambda: self.metric("sluice_overload_level", cause="memory") == 0, "there is room again")
        self.assertEqual(self.curl("/report").status, 200)
        critical.over.set()
        critical.join()
        self.assertEqual(set(critical.statuses), {200})
        self.assertIn('"reason":"shed"', self.access_log.read_text())


if __name__ == "__main__":
    unittest.main()
