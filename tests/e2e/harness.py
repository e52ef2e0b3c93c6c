# SPDX-License-Identifier: Apache-2.0
"""Real processes for the end-to-end suite: the example services, the gateway, and clients, all on free ports.

SLUICE_BIN names the binary. A binary that cannot run yet skips the suite with that as the reason.
"""
import atexit
import contextlib
import fcntl
import functools
import json
import os
import random
import re
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SERVICES = ROOT / "config/examples/services"
BINARY = os.environ.get("SLUICE_BIN", str(ROOT / "build/release/sluice"))
# A sanitizer's build takes several times the memory and the time, and keeps memory of its own.
SANITIZED = Path(BINARY).exists() and any(name in Path(BINARY).read_bytes() for name in (b"__asan_init", b"__tsan_init"))
PATIENCE = 60  # seconds until a thing that should happen has not; sanitizers are slow
# What begins a report of a sanitizer; ./dev looks for the same in what the suites said.
REPORT = re.compile(r"(Address|Leak|Thread|UndefinedBehavior)Sanitizer:|: runtime error: ")


def check_for_reports(said):
    if REPORT.search(said):
        raise AssertionError(f"a sanitizer has reported something:\n{said[-20_000:]}")


def eventually(condition, what):
    """Polls until the condition holds and returns its value."""
    end = time.monotonic() + PATIENCE
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.01)
    raise AssertionError(f"never happened: {what}")


class Running:
    """A process whose output goes to a file, ended by its pid when the test, or the suite, ends."""

    def __init__(self, command, owner=None, **options):
        descriptor, path = tempfile.mkstemp(prefix="sluice-e2e-")
        self.output_path = Path(path)
        with os.fdopen(descriptor, "wb") as sink:
            self.popen = subprocess.Popen([str(part) for part in command], stdout=sink, stderr=subprocess.STDOUT,
                                          stdin=subprocess.DEVNULL, **options)
        (owner.addCleanup if owner else atexit.register)(self.end)

    def output(self):
        return self.output_path.read_text(errors="replace")

    def says(self, pattern):
        """Waits for output that matches and returns the match."""
        def look():
            if (found := re.search(pattern, self.output())) is None and self.popen.poll() is not None:
                raise AssertionError(f"{self.popen.args[0]} ended with {self.popen.returncode}:\n{self.output()}")
            return found
        return eventually(look, f"{pattern!r} in the output of {self.popen.args[0]}")

    def count(self, text):
        return self.output().count(text)

    def send(self, number):
        self.popen.send_signal(number)

    def wait(self):
        return self.popen.wait(PATIENCE)

    def end(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(15)
            except subprocess.TimeoutExpired:
                self.popen.kill()
                self.popen.wait()
        self.output_path.unlink(missing_ok=True)


class GatewayProcess(Running):
    """The gateway. How it ended is looked at when the test ends: a report of a sanitizer fails the test, and so does an exit
    code that is none of `ends_with`, which a test sets that wants another end. SIGKILL from the test itself is one."""

    def __init__(self, command, owner, ends_with=(0,), **options):
        self.ends_with, self.asked_to_end, self.looked_at = ends_with, False, False
        super().__init__(command, owner, **options)

    def send(self, number):
        super().send(number)
        if number == signal.SIGKILL:
            self.ends_with = (-signal.SIGKILL,)
        self.asked_to_end = self.asked_to_end or number == signal.SIGTERM

    def end(self):
        if self.looked_at:
            return
        self.looked_at, late = True, False
        if self.popen.poll() is None and not self.asked_to_end:  # a second signal would end it without a drain
            self.popen.terminate()
        try:
            self.popen.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            late = True
            self.popen.kill()
            self.popen.wait()
        said = self.output()
        super().end()
        check_for_reports(said)
        if late or self.popen.returncode not in self.ends_with:
            how = f"has not ended within {PATIENCE} s" if late else f"ended with {self.popen.returncode}"
            raise AssertionError(f"the gateway {how}:\n{said[-20_000:]}")


@functools.cache
def hello():
    """Port of the Flask service under gunicorn, started once for the whole suite."""
    service = Running(["gunicorn", "--chdir", SERVICES, "--bind", "127.0.0.1:0", "--threads", "16", "hello:app"])
    return int(service.says(r"Listening at: http://127\.0\.0\.1:(\d+)").group(1))


@functools.cache
def shop():
    """Port of the Flask service that compositions ask."""
    service = Running(["gunicorn", "--chdir", SERVICES, "--bind", "127.0.0.1:0", "--threads", "16", "shop:app"])
    return int(service.says(r"Listening at: http://127\.0\.0\.1:(\d+)").group(1))


@functools.cache
def users():
    service = Running([sys.executable, SERVICES / "users.py", "0"])
    return int(service.says(r"listening on http://127\.0\.0\.1:(\d+)").group(1))


@functools.cache
def chat():
    """Port of the WebSocket service; its first line picks the interpreter that has Debian's websockets."""
    service = Running([SERVICES / "chat.py", "0"])
    return int(service.says(r"listening on http://127\.0\.0\.1:(\d+)").group(1))


# A byte for each port, locked by the process that was given it until it ends: suites run side by side.
_given_ports = open(Path(tempfile.gettempdir()) / f"sluice-test-ports-{os.getuid()}", "a+b")
_own_ports = set()


def unused_port():
    """Below the ports that the kernel gives to clients, so that no connection of another test gets it meanwhile."""
    while True:
        port = random.randint(10_000, 30_000)
        with contextlib.suppress(OSError), socket.socket() as s:
            fcntl.lockf(_given_ports, fcntl.LOCK_EX | fcntl.LOCK_NB, 1, port)
            s.bind(("127.0.0.1", port))
            if port not in _own_ports:
                _own_ports.add(port)
                return port


TCP_REPAIR = 19


def vanish(connection):
    """Closes without a word to the other side, as a machine that lost its power. False where that is not allowed."""
    try:
        connection.setsockopt(socket.IPPROTO_TCP, TCP_REPAIR, 1)
    except OSError:
        return False
    connection.close()
    return True


def sluice(*arguments, **options):
    """Runs one verb to its end."""
    result = subprocess.run([BINARY, *map(str, arguments)], capture_output=True, text=True, timeout=PATIENCE, **options)
    check_for_reports(result.stderr)
    return result


@functools.cache
def why_not():
    if not Path(BINARY).exists():
        return f"there is no {BINARY}; build it or set SLUICE_BIN"
    return "" if sluice("run", "--help").stdout.strip() else f"{BINARY} has no verb `run` yet"


class Answer:
    """What curl got: status, header fields with lower-case names, body bytes, and curl's own report."""

    def __init__(self, raw, report):
        self.report = report
        head, _, self.body = raw.partition(b"\r\n\r\n")
        while head.startswith((b"HTTP/1.1 1", b"HTTP/1.0 1")):
            head, _, self.body = self.body.partition(b"\r\n\r\n")
        self.line, *fields = head.decode("latin-1").split("\r\n")
        self.status = int(self.line.split()[1]) if self.line else 0
        self.fields = [(n.lower(), v.strip()) for n, _, v in (field.partition(":") for field in fields)]

    def __getitem__(self, name):
        return ", ".join(value for n, value in self.fields if n == name.lower())

    def json(self):
        return json.loads(self.body)


class Case(unittest.TestCase):
    """A test with its own folder and, once `serve` was called, its own gateway."""

    @classmethod
    def setUpClass(cls):
        if why_not():
            raise unittest.SkipTest(why_not())

    def setUp(self):
        folder = tempfile.TemporaryDirectory(prefix="sluice-e2e-")
        self.addCleanup(folder.cleanup)
        self.folder = Path(folder.name)
        self.config = self.folder / "sluice.yaml"
        self.access_log = self.folder / "access.log"

    def text(self, routes, port=0, more=""):
        """A configuration with both services; `routes` is YAML, `more` further top-level settings."""
        return f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:{port}"}}}}
admin: {{bind: "127.0.0.1:0"}}
upstreams:
  hello: {{targets: ["http://127.0.0.1:{hello()}"]}}
  users: {{targets: ["http://127.0.0.1:{users()}"]}}
routes:
{routes}
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 20s}}
{more}
"""

    def serve(self, routes, **options):
        self.config.write_text(self.text(routes, **options))
        return self.start()

    def start(self, **options):
        """Runs the gateway on `self.config` as it stands; `options` are those of its process."""
        self.gateway = GatewayProcess([BINARY, "run", self.config], owner=self, **options)
        self.port = int(self.gateway.says(r"web on port (\d+)").group(1))
        self.admin_port = int(self.gateway.says(r"admin on port (\d+)").group(1))
        return self.gateway

    def url(self, path):
        return f"http://127.0.0.1:{self.port}{path}"

    def curl(self, path, *options, url=None, stdin=None):
        report = "\\n%{json}"
        result = subprocess.run(["curl", "-sS", "-i", "-m", str(PATIENCE), "--path-as-is", "-w", report, *options,
                                 url or self.url(path)], capture_output=True, input=stdin)
        raw, _, tail = result.stdout.rpartition(b"\n")
        self.assertEqual(result.returncode, 0, result.stderr.decode())
        return Answer(raw, json.loads(tail))

    def admin(self, path):
        return self.curl("", url=f"http://127.0.0.1:{self.admin_port}{path}")

    def metric(self, name, **labels):
        """Sum of the series of this name that have these labels."""
        total = 0.0
        for line in self.admin("/metrics").body.decode().split("\n"):
            found = re.match(r"(\w+)(?:\{(.*)\})? (\S+)", line)
            wanted = [f'{label}="{value}"' for label, value in labels.items()]
            if found and found.group(1) == name and all(part in (found.group(2) or "") for part in wanted):
                total += float(found.group(3))
        return total

    def wrk(self, path, seconds=2, connections=16):
        """Runs wrk and returns its report; fails on any error that it saw."""
        result = subprocess.run(["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", self.url(path)],
                                capture_output=True, text=True, timeout=seconds + PATIENCE)
        self.check_wrk(result.stdout)
        return result.stdout

    def check_wrk(self, report):
        self.assertRegex(report, r"[1-9]\d* requests in")
        self.assertNotIn("Socket errors", report, report)
        self.assertNotIn("Non-2xx", report, report)

    def reload(self):
        """SIGHUP, and back when the gateway has said how it went."""
        before = self.gateway.count("reloaded")
        self.gateway.send(signal.SIGHUP)
        eventually(lambda: self.gateway.count("reloaded") > before, "an answer to SIGHUP")
