# SPDX-License-Identifier: Apache-2.0
"""A thousand reloads under load, with a WebSocket that goes on talking: nothing fails, nothing is lost, nothing grows."""
import base64
import http.client
import os
import re
import signal
import socket
import struct
import subprocess
import sys
import threading
import time
import unittest
from pathlib import Path

from harness import PATIENCE, SANITIZED, Case, chat, eventually, users

RELOADS = 1000
WARM = 200
GROWTH = 8 << 20  # bytes between the two; what is not given back in a reload would be some ten kilobytes each
# Each reload of the build that watches every access takes a second.


class Talk(threading.Thread):
    """A WebSocket on which each message is sent after the one before it came back, byte for byte."""

    def __init__(self, port):
        super().__init__(daemon=True)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
        key = base64.b64encode(os.urandom(16)).decode()
        self.socket.sendall(f"GET /chat/{key[:6].encode().hex()} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n"
                            f"Upgrade: websocket\r\nSec-WebSocket-Key: {key}\r\nSec-WebSocket-Version: 13\r\n\r\n".encode())
        self.received = self.socket.makefile("rb")
        self.head = b""
        while not self.head.endswith(b"\r\n\r\n"):
            self.head += self.received.readline()
        self.count, self.fault, self.over = 0, None, threading.Event()

    def close(self):
        self.received.close()
        self.socket.close()

    def say(self, text):
        mask = os.urandom(4)
        head = bytes([0x81, 0x80 | len(text)]) if len(text) < 126 else struct.pack("!BBH", 0x81, 0xFE, len(text))
        self.socket.sendall(head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(text)))

    def hear(self):
        first, length = self.received.read(2)
        if length == 126:
            length = struct.unpack("!H", self.received.read(2))[0]
        text = self.received.read(length)
        return text if first == 0x81 else self.hear()  # a ping of the service is none of ours

    def run(self):
        try:
            while not self.over.is_set():
                text = f"message {self.count} ".encode() * (1 + self.count % 9)
                self.say(text)
                if (back := self.hear()) != text:
                    raise AssertionError(f"{back!r} came back for {text!r}")
                self.count += 1
        except Exception as error:  # pylint: disable=broad-except
            self.fault = error


class ManyReloads(Case):
    def configure(self, number):
        stamp = f"{{headers: {{response: {{set: {{X-Version: v{number}}}}}}}}}"
        routes = f"""  - {{name: users, match: {{path: /users/**}}, use: [{stamp}], to: users}}
  - {{name: chat, match: {{path: /chat/**}}, to: chat}}
  - {{name: now-{number % 7}, match: {{path: /now/{number}}}, respond: 204}}"""
        text = f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
upstreams:
  users: {{url: "http://127.0.0.1:{users()}"}}
  chat: {{url: "http://127.0.0.1:{chat()}"}}
routes:
{routes}
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 20s}}
"""
        self.config.write_text(text)

    def resident(self):
        status = Path(f"/proc/{self.gateway.popen.pid}/status").read_text()
        return int(re.search(r"VmRSS:\s+(\d+) kB", status).group(1)) * 1024

    def test_lose_nothing_and_take_no_memory(self):
        reloads = RELOADS // 10 if SANITIZED else RELOADS
        self.configure(0)
        self.start()
        talk = Talk(self.port)
        self.addCleanup(talk.close)
        self.assertIn(b" 101 ", talk.head.split(b"\r\n")[0])
        talk.start()
        load = subprocess.Popen(["wrk", "-t1", "-c16", "-d900s", "--timeout", "60s", self.url("/users/1")],
                                stdout=subprocess.PIPE, text=True)
        self.addCleanup(load.wait)
        self.addCleanup(load.kill)
        admin = http.client.HTTPConnection("127.0.0.1", self.admin_port, timeout=PATIENCE)
        self.addCleanup(admin.close)
        began, early = time.monotonic(), 0
        for number in range(1, reloads + 1):
            self.configure(number)
            admin.request("POST", "/reload", headers={"Content-Type": "application/json"})
            answer = admin.getresponse()
            body = answer.read()
            self.assertEqual(answer.status, 200, body)
            if number == reloads * WARM // RELOADS:
                early = self.resident()
                heard = talk.count
        late = self.resident()
        print(f"{reloads} reloads in {time.monotonic() - began:.1f}s; {early >> 10} KiB resident after "
              f"{reloads * WARM // RELOADS} of them, {late >> 10} KiB after all", file=sys.stderr)

        self.assertEqual(self.curl(f"/now/{reloads}").status, 204)
        self.assertEqual(self.curl("/users/1")["x-version"], f"v{reloads}")
        eventually(lambda: talk.count > heard or talk.fault, "the WebSocket goes on")
        talk.over.set()
        talk.join()
        self.assertIsNone(talk.fault)
        self.assertIsNone(load.poll(), "the load ended before the reloads did")
        load.send_signal(signal.SIGINT)
        self.check_wrk(load.communicate()[0])
        self.assertEqual(self.metric("sluice_config_reloads_total", result="ok"), reloads)
        eventually(lambda: self.metric("sluice_config_generations_alive") == 1, "the end of the old configurations")
        if not SANITIZED:
            self.assertLess(late - early, GROWTH)


if __name__ == "__main__":
    unittest.main()
