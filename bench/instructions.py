# SPDX-License-Identifier: Apache-2.0
"""How many instructions a request takes in user space, counted by valgrind (callgrind): the same on a machine that does
something else beside it, where times are not. What the kernel does for a request is not in it."""
import re
import shutil
import socket
import subprocess
import time

from processes import LOAD_CORE, accepts, pinned

WARM_UP, COUNTED = 300, 400


def available():
    return shutil.which("valgrind") is not None and shutil.which("callgrind_control") is not None


def ask(port, case, count):
    """`count` requests on one connection, each after the answer to the one before."""
    head = "".join(f"{name}: {value}\r\n" for name, value in case.fields.items())
    length = f"Content-Length: {len(case.sent)}\r\n" if case.sent else ""
    request = (f"{'POST' if case.sent else 'GET'} {case.path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\n{head}{length}\r\n"
               ).encode() + case.sent
    with socket.create_connection(("127.0.0.1", port), timeout=60) as connection:
        for _ in range(count):
            connection.sendall(request)
            read_answer(connection, case.status)


def receive(connection):
    if not (piece := connection.recv(65536)):
        raise RuntimeError("instructions: the connection ended")
    return piece


def read_answer(connection, status):
    got = b""
    while b"\r\n\r\n" not in got:
        got += receive(connection)
    head, _, body = got.partition(b"\r\n\r\n")
    if b" %d " % status not in head.split(b"\r\n")[0]:
        raise RuntimeError(f"instructions: {head[:80]!r}")
    if not (length := re.search(rb"(?i)content-length: (\d+)", head)):
        while not body.endswith(b"\r\n0\r\n\r\n"):  # in chunks
            body += receive(connection)
        return
    left = int(length.group(1)) - len(body)
    while left > 0:
        left -= len(receive(connection))


def control(pid, *options):
    subprocess.run(["callgrind_control", *options, str(pid)], check=True, capture_output=True, timeout=60)


def per_request(case, subject):
    """Of a subject that is stopped: it is started anew under valgrind, with the same configuration."""
    folder = subject.folder
    process = subprocess.Popen(["valgrind", "--tool=callgrind", "--instr-atstart=no",
                                f"--callgrind-out-file={folder}/callgrind", *map(str, subject.command())],
                               stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, preexec_fn=pinned(LOAD_CORE))
    try:
        ready, began = accepts(subject.port), time.monotonic()
        while not ready():
            if process.poll() is not None or time.monotonic() > began + 60:
                raise RuntimeError("instructions: the gateway did not start under valgrind")
            time.sleep(0.05)
        ask(subject.port, case, WARM_UP)
        control(process.pid, "--instr=on")
        ask(subject.port, case, COUNTED)
        control(process.pid, "--dump")
    finally:
        process.kill()
        process.wait()
    dumps = list(folder.glob("callgrind.*")) or list(folder.glob("callgrind*"))
    totals = [int(found.group(1)) for dump in dumps
              if (found := re.search(r"^(?:totals|summary): (\d+)", dump.read_text(), re.MULTILINE))]
    for dump in dumps:
        dump.unlink()
    return max(totals) / COUNTED
