#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs the gateway for minutes with every kind of traffic at once while services die, stall and come back, one or all of
them, a name changes, the disk of the log is full, and the configuration is read again and again. Fails on: an end of the
gateway, a report of a sanitizer, a client without an answer, an answer that says that the gateway itself failed, a WebSocket
that broke, memory that grows, descriptors or configurations that are left over, a leak at the end.

    SLUICE_BIN=build/asan/sluice tests/soak/soak.py [minutes] [seed]
"""
import hashlib
import json
import os
import random
import re
import signal
import sys
import tempfile
import threading
import time
import urllib.request
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/e2e"))
from harness import BINARY, REPORT, SERVICES, Running, eventually, unused_port  # noqa: E402
from traffic import KINDS, Tally, serve_calls  # noqa: E402

# A sanitizer keeps freed memory for a while: enough to find uses of it, little enough to see growth.
ENVIRONMENT = {**os.environ, "ASAN_OPTIONS": "quarantine_size_mb=8:detect_leaks=1:abort_on_error=0",
               "UBSAN_OPTIONS": "print_stacktrace=1:halt_on_error=1"}
SOAK_KEY = hashlib.sha256(b"soak").hexdigest()  # of the key that readers send
GROWTH = 1.3  # times the memory after the first third
SPARE_MIB = 24
SPARE_DESCRIPTORS = 4  # what is opened once, when it is first needed


class Service:
    """A service of ours that can be killed, stopped and started again on its port."""

    def __init__(self, *command):
        self.command, self.port = command, unused_port()
        self.start()

    def start(self):
        self.running = Running([*self.command, str(self.port)])
        self.running.says(r"listening on")

    def kill(self):
        self.running.send(signal.SIGKILL)
        self.running.wait()


class Soak:
    def __init__(self, minutes, seed):
        self.minutes, self.random, self.seed = minutes, random.Random(seed), seed
        self.over, self.tally = threading.Event(), Tally()
        self.folder = Path(tempfile.mkdtemp(prefix="sluice-soak-"))
        users = (sys.executable, SERVICES / "users.py")
        self.users = [Service(*users) for _ in range(3)]
        # Nothing happens to these.
        self.chat, self.spare = Service(SERVICES / "chat.py"), Service(*users)
        self.calls, self.calls_port = serve_calls()
        self.zone = self.folder / "zone.json"
        self.say({"a": ["127.0.0.1"]})
        names = Running([sys.executable, ROOT / "tests/e2e/fake_dns.py", self.zone, 0])
        self.nameserver = names.says(r"on (127\.0\.0\.1:\d+)").group(1)
        self.port, self.tls_port, self.inner_port, self.admin_port = (unused_port() for _ in range(4))
        self.config, self.generation = self.folder / "sluice.yaml", 0
        self.run([BINARY, "dev-cert", "-d", self.folder, "localhost"])
        self.write()
        self.gateway = Running([BINARY, "run", self.config], env=ENVIRONMENT)
        self.gateway.says(r"serves .*admin on port")
        self.descriptors_at_first = self.descriptors()

    @staticmethod
    def run(command):
        Running(command).wait()

    def say(self, entry):
        """What the nameserver says of the one name, from now on."""
        new = self.zone.with_suffix(".new")
        new.write_text(json.dumps({"users.soak.test": entry}))
        new.replace(self.zone)

    def write(self, broken=False, log=None):
        """Another configuration each time: what it says is the same."""
        self.generation += 1
        targets = ", ".join(f'"http://127.0.0.1:{s.port}"' for s in self.users)
        large, log = "z" * 200_000, log or self.folder / "access.log"
        self.config.write_text(f"""version: 1
workers: 2
listeners:
  web: {{bind: "127.0.0.1:{self.port}", timeouts: {{head: 10s, body: 10s, keep_alive: 10s}}}}
  inner: {{bind: "127.0.0.1:{self.inner_port}", protocols: [h2]}}
  tls: {{bind: "127.0.0.1:{self.tls_port}", tls: {{certs: {{cert: {self.folder}/localhost.pem, key: {self.folder}/localhost.key}}}}}}
admin: {{bind: "127.0.0.1:{self.admin_port}"}}
access_log: {{format: json, to: {log}}}
resolver: {{nameservers: "{self.nameserver}"}}
consumers: [{{name: soak, api_keys: ["sha256:{SOAK_KEY}"]}}]
upstreams:
  users:
    targets: [{targets}]
    timeouts: {{connect: 1s, first_byte: 5s, total: 20s}}
    health: {{path: /users, interval: 1s, timeout: 1s}}
  hedged: {{targets: [{targets}], timeouts: {{connect: 1s, first_byte: 5s, total: 20s}}, hedge: {{after: 20ms, budget: 50%}}}}
  spare: {{url: "http://127.0.0.1:{self.spare.port}"}}
  named: {{url: "http://users.soak.test:{self.spare.port}", timeouts: {{connect: 1s, first_byte: 5s, total: 20s}}}}
  inner: {{url: "http://127.0.0.1:{self.inner_port}", protocol: h2}}
  calls: {{url: "http://127.0.0.1:{self.calls_port}", protocol: h2}}
  chat: {{url: "http://127.0.0.1:{self.chat.port}"}}
policies:
  key: {{api_key: {{header: X-Api-Key}}}}
  few: {{rate_limit: {{limit: 50/s}}}}
routes:
  - {{name: chat, match: {{path: /chat/**}}, to: chat}}
  - {{name: users, match: {{path: /users/**}}, to: users}}
  - {{name: sink, match: {{path: /sink, method: POST}}, use: [{{rewrite: {{path: /users}}}}], to: users}}
  - {{name: limited, match: {{path: /limited}}, use: [key, few], respond: {{status: 200, body: generation {self.generation}}}}}
  - {{name: mirrored, match: {{path: /mirrored}}, use: [{{rewrite: {{path: /users}}}}, {{mirror: {{to: spare}}}}], to: users}}
  - {{name: split, match: {{path: /split}}, use: [{{rewrite: {{path: /users}}}}], split: {{to: {{users: 1, spare: 1}}}}}}
  - {{name: hedged, match: {{path: /hedged}}, use: [{{rewrite: {{path: /users}}}}], to: hedged}}
  - {{name: named, match: {{path: /named}}, use: [{{rewrite: {{path: /users}}}}], to: named}}
  - {{name: inner, match: {{path: /inner/**}}, use: [{{rewrite: {{strip_prefix: /inner}}}}], to: inner}}
  - {{name: calls, match: {{path: /soak.Calls/**}}, to: calls}}
  - {{name: large, match: {{path: /large}}, use: [{{compress: {{}}}}], respond: {{status: 200, body: {large}}}}}
  - name: page
    match: {{path: /page}}
    compose: {{calls: {{one: {{get: "users:/users/1", as: one}}, all: {{get: "users:/users", as: all}}}}}}
shutdown: {{pre_stop: 0s, grace: 20s}}
{"unknown_setting: 1" if broken else ""}
""")

    # --- faults

    def kill_a_service(self):
        victim = self.random.choice(self.users)
        victim.kill()
        time.sleep(self.random.uniform(0.2, 3))
        victim.start()

    def kill_all_services(self):
        for victim in self.users:
            victim.kill()
        time.sleep(self.random.uniform(0.2, 3))
        for victim in self.users:
            victim.start()

    def stall_a_service(self):
        victim = self.random.choice(self.users).running
        victim.send(signal.SIGSTOP)
        time.sleep(self.random.uniform(0.2, 4))
        victim.send(signal.SIGCONT)

    def change_the_name(self):
        # On the second address nobody listens.
        self.say(self.random.choice([{"a": ["127.0.0.1"]}, {"a": ["127.0.0.1", "127.0.0.2"]}, {"mood": "servfail"},
                                     {"mood": "silent"}, {"mood": "nothing"}]))
        time.sleep(self.random.uniform(0, 2))

    def fill_the_disk_of_the_log(self):
        self.reload(broken=False, log="/dev/full")
        time.sleep(self.random.uniform(0.2, 2))
        self.reload(broken=False)

    def reload(self, broken=None, log=None):
        broken = self.random.random() < 0.2 if broken is None else broken
        self.write(broken, log)
        before = self.gateway.count("reloaded")
        self.gateway.send(signal.SIGHUP)
        eventually(lambda: self.gateway.count("reloaded") > before, "an answer to SIGHUP")

    def reopen_logs(self):
        log = self.folder / "access.log"
        if log.exists():
            log.rename(self.folder / f"access.log.{time.time():.3f}")
        self.gateway.send(signal.SIGUSR1)

    FAULTS = (kill_a_service, kill_all_services, stall_a_service, change_the_name, fill_the_disk_of_the_log, reload, reload,
              reload, reopen_logs)

    # --- what is looked at

    def metric(self, name):
        text = urllib.request.urlopen(f"http://127.0.0.1:{self.admin_port}/metrics", timeout=60).read().decode()
        return sum(float(line.rsplit(" ", 1)[1]) for line in text.split("\n")
                   if re.match(rf"{name}(\{{| )", line))

    def descriptors(self):
        return len(list(Path(f"/proc/{self.gateway.popen.pid}/fd").iterdir()))

    def left_over(self):
        """Descriptors beyond those of the begin and of connections that are kept to targets."""
        kept = self.metric("sluice_upstream_connections")
        return self.descriptors() - self.descriptors_at_first - int(kept)

    def memory(self):
        """MiB of the process's own."""
        status = Path(f"/proc/{self.gateway.popen.pid}/status").read_text()
        return int(re.search(r"RssAnon:\s+(\d+)", status).group(1)) / 1024

    def found(self, what):
        """What no stall of the machine explains: ./dev looks for this line and makes no second run."""
        print(f"soak: FAULT: {what}", flush=True)
        self.tally.fail(what)

    def check(self):
        if self.gateway.popen.poll() is not None:
            self.found(f"the gateway ended with {self.gateway.popen.returncode}")
        if REPORT.search(self.gateway.output()):
            self.tally.fail("a sanitizer has found something")

    def go(self):
        clients = [kind(self, f"{self.seed} {kind.__name__} {n}") for kind, count in KINDS for n in range(count)]
        for client in clients:
            client.start()
        begun, end = time.monotonic(), time.monotonic() + self.minutes * 60
        early = None
        while time.monotonic() < end and not self.tally.fault:
            self.random.choice(self.FAULTS)(self)
            time.sleep(self.random.uniform(0, 1))
            self.check()
            if early is None and time.monotonic() - begun > self.minutes * 20:
                early = self.memory()
        self.over.set()
        for client in clients:
            client.join(120)
        late = self.memory()
        print(f"soak: memory {early or 0:.0f} MiB after a third, {late:.0f} MiB at the end", flush=True)
        if early and late > early * GROWTH + SPARE_MIB:
            self.found(f"memory grew from {early:.0f} to {late:.0f} MiB")

    def finish(self):
        if not self.tally.fault:
            self.reload(broken=False)
            try:
                eventually(lambda: self.metric("sluice_config_generations_alive") == 1, "the end of the old configurations")
                eventually(lambda: self.left_over() <= SPARE_DESCRIPTORS, "the end of all descriptors")
            except AssertionError as error:
                self.found(f"{error}; {self.left_over()} descriptors are left over")
        self.calls.stop(None)
        self.gateway.send(signal.SIGTERM)
        code = self.gateway.wait()
        self.check_end(code)

    def check_end(self, code):
        if code != 0:
            self.found(f"the gateway ended with {code}")
        if REPORT.search(self.gateway.output()):
            self.tally.fail("a sanitizer has found something")



def main():
    minutes = float(sys.argv[1]) if len(sys.argv) > 1 else 20
    seed = sys.argv[2] if len(sys.argv) > 2 else str(random.randrange(1 << 32))
    print(f"soak: {minutes:g} minutes, seed {seed}", flush=True)
    soak = Soak(minutes, seed)
    try:
        soak.go()
    finally:
        soak.finish()
    for what, count in sorted(soak.tally.counts.items()):
        print(f"{count:>8}  {what}")
    if soak.tally.fault:
        print(f"soak: FAILED: {soak.tally.fault}\n{soak.gateway.output()[-6000:]}")
    return 1 if soak.tally.fault else 0


if __name__ == "__main__":
    sys.exit(main())
