# SPDX-License-Identifier: Apache-2.0
"""Starting, pinning, watching and stopping the processes of a run, by pid only."""
import os
import resource
import socket
import subprocess
import time
from pathlib import Path

PROXY_CORE, LOAD_CORE = 0, 1


_given = set()


def free_port():
    """Never one of those before: they may not be in use yet."""
    while True:
        with socket.socket() as s:
            s.bind(("127.0.0.1", 0))
            port = s.getsockname()[1]
        if port not in _given:
            _given.add(port)
            return port


def raise_descriptor_limit():
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    return hard


def pinned(core):
    """For Popen's preexec_fn: the child and all its threads stay on this core."""
    cores = sorted(os.sched_getaffinity(0))
    return lambda: os.sched_setaffinity(0, {cores[min(core, len(cores) - 1)]})


def children_of(pid):
    found = []
    for task in Path(f"/proc/{pid}/task").iterdir():
        try:
            found += [int(child) for child in (task / "children").read_text().split()]
        except OSError:
            continue
    return found


def tree_of(pid):
    pids = [pid]
    for child in children_of(pid):
        pids += tree_of(child)
    return pids


def cpu_ns(pid):
    """Time on the CPU of a process and its children, all threads, to the nanosecond (/proc/.../schedstat)."""
    total = 0
    for member in tree_of(pid):
        for task in Path(f"/proc/{member}/task").iterdir():
            try:
                total += int((task / "schedstat").read_text().split()[0])
            except OSError:
                continue
    return total


def memory_kib(pid, field="VmRSS"):
    total = 0
    for member in tree_of(pid):
        for line in Path(f"/proc/{member}/status").read_text().split("\n"):
            if line.startswith(field + ":"):
                total += int(line.split()[1])
    return total


class Process:
    """One server of the run. `ready` is called until it is true or the process has ended."""

    def __init__(self, command, core, ready, output, env=None):
        self.began = time.monotonic()
        self.output = Path(output)
        with open(output, "wb") as sink:
            self.popen = subprocess.Popen([str(part) for part in command], stdout=sink, stderr=subprocess.STDOUT,
                                          stdin=subprocess.DEVNULL, preexec_fn=pinned(core), env=env)
        self.pid = self.popen.pid
        while not ready():
            if self.popen.poll() is not None or time.monotonic() > self.began + 30:
                self.stop()
                raise RuntimeError(f"{command[0]} did not start:\n{self.output.read_text(errors='replace')[-2000:]}")
            time.sleep(0.002)
        self.start_seconds = time.monotonic() - self.began

    def stop(self):
        if self.popen.poll() is None:
            self.popen.terminate()
            try:
                self.popen.wait(8)
            except subprocess.TimeoutExpired:
                for pid in tree_of(self.pid):
                    os.kill(pid, 9)
        self.popen.wait()


def accepts(port):
    """Whether something listens there."""
    def probe():
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", port)) == 0
    return probe
