# SPDX-License-Identifier: Apache-2.0
"""One measurement: load on the load core, the cost of the proxy read from /proc around it."""
import http.client
import re
import socket
import ssl
import struct
import subprocess
import time
from pathlib import Path

from processes import LOAD_CORE, cpu_ns, memory_kib, pinned

UNITS_US = {"us": 1.0, "ms": 1e3, "s": 1e6, "m": 60e6}


def trusting():
    """A client's TLS that believes everybody: the certificates are made for the run."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    return context


def field_options(case):
    return [part for name, value in case.fields.items() for part in ("-H", f"{name}: {value}")]


def curl(case, port, *options):
    """What it says to a case of HTTP/2."""
    body = ["--data-binary", "@-"] if case.sent else []
    version = ["--http2", "-k"] if case.shape.tls else ["--http2-prior-knowledge"]
    return subprocess.run(["curl", "-sS", "-m", "20", *version, *field_options(case), *body, *options,
                           f"{case.shape.scheme}://127.0.0.1:{port}{case.path}"],
                          capture_output=True, check=True, input=case.sent).stdout


CALLS = 40


def check_calls(case, port, folder):
    """A call that fails is 200 to h2load, whose tables know no trailers: beside its load, each of a few dozen calls
    must end with grpc-status 0. (One curl each: 7.88 cannot use a connection without TLS twice.)"""
    under_load = subprocess.Popen([str(part) for part in h2load_command(case, port, 60, folder)],
                                  stdout=subprocess.DEVNULL, preexec_fn=pinned(LOAD_CORE))
    try:
        time.sleep(0.3)
        ends = [curl(case, port, "-o", "/dev/null", "-D", "-").decode().lower() for _ in range(CALLS)]
        if under_load.poll() is not None:
            raise RuntimeError(f"{case.name}: the load was over before the calls were")
    finally:
        under_load.terminate()
        under_load.wait(30)
    good = sum(re.findall(r"^grpc-status: (.*?)\r?$", end, re.MULTILINE) == ["0"] for end in ends)
    if good != CALLS:
        raise RuntimeError(f"{case.name}: {good} of {CALLS} calls ended with grpc-status 0")


def cookie_of(port):
    """What a client sends from the second request on."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", "/")
    response = connection.getresponse()
    response.read()
    connection.close()
    return response.getheader("Set-Cookie").split(";")[0]


def check_compressed(case, port):
    """The bytes of the coded body, which must say the same as the plain one."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    connection.request("GET", case.path, headers=case.fields)
    response = connection.getresponse()
    sent = response.read()
    connection.close()
    if (response.status, response.getheader("Content-Encoding")) != (200, case.shape.compress):
        raise RuntimeError(f"{case.name}: {response.status} with the coding {response.getheader('Content-Encoding')}")
    plain = subprocess.run(["curl", "-sS", "-m", "20", "--compressed", *field_options(case),
                            f"http://127.0.0.1:{port}{case.path}"], capture_output=True, check=True).stdout
    if len(plain) != case.expect:
        raise RuntimeError(f"{case.name}: {len(plain)} bytes, not {case.expect}")
    return len(sent)


def check(case, port):
    """A proxy that answers wrongly is not worth measuring."""
    if case.shape.websocket:
        return  # its load checks each message
    if case.shape.compress:
        check_compressed(case, port)
        return
    if case.streams:
        said = curl(case, port)
        if len(said) != case.expect:
            raise RuntimeError(f"{case.name}: {len(said)} bytes, not {case.expect}")
        return
    if case.shape.tls:
        connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=10, context=trusting())
    else:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=10)
    for path in case.paths[:3] or (case.path,):
        connection.request("POST" if case.sent else "GET", path, case.sent or None, case.fields)
        response = connection.getresponse()
        length, coding = len(response.read()), response.getheader("Content-Encoding", "")
        right = coding == case.coding and length if case.coding else length == case.expect
        if response.status != case.status or not right:
            raise RuntimeError(f"{case.name}: {path} gave {response.status} with {length} bytes {coding}, "
                               f"not {case.status} with {case.coding or case.expect}")
    connection.close()


def script_for(case, folder):
    """wrk's Lua for what its options cannot say: a body, or many paths."""
    if case.text:
        lines = ['wrk.method = "POST"', f"wrk.body = [==[{case.text}]==]"]
    elif case.body:
        lines = ['wrk.method = "POST"', f'wrk.body = string.rep("x", {case.body})']
    elif case.paths:
        listed = ", ".join(f'"{path}"' for path in case.paths)
        lines = [f"local paths, all, at = {{{listed}}}, {{}}, 0",
                 "init = function() for n, path in ipairs(paths) do all[n] = wrk.format(nil, path) end end",
                 "request = function() at = at % #all + 1 return all[at] end"]
    else:
        return []
    script = folder / "wrk.lua"
    script.write_text("\n".join(lines) + "\n")
    return ["-s", script]


def wrk(case, port, seconds, folder):
    command = ["wrk", "-t1", f"-c{case.connections}", f"-d{seconds}s", "--latency", "--timeout", "10s",
               *field_options(case),
               *script_for(case, folder), f"{case.shape.scheme}://127.0.0.1:{port}{case.path}"]
    result = subprocess.run([str(c) for c in command], capture_output=True, text=True, check=True,
                            preexec_fn=pinned(LOAD_CORE))
    return parse_wrk(result.stdout)


def parse_wrk(text):
    for trouble in ("Socket errors", "Non-2xx"):
        if trouble in text:
            raise RuntimeError("wrk: " + next(line for line in text.split("\n") if trouble in line).strip())

    def percentile(name):
        amount, unit = re.search(rf"^\s+{name}%\s+([\d.]+)(us|ms|s|m)$", text, re.MULTILINE).groups()
        return float(amount) * UNITS_US[unit]

    return {"requests": int(re.search(r"(\d+) requests in", text).group(1)),
            "rps": float(re.search(r"Requests/sec:\s+([\d.]+)", text).group(1)),
            "p50_us": percentile(50), "p99_us": percentile(99)}


def h2load_command(case, port, seconds, folder):
    body = []
    if case.sent:
        (folder / "sent").write_bytes(case.sent)
        body = ["-d", folder / "sent"]
    return ["h2load", "-t1", f"-c{case.connections}", f"-m{case.streams}", f"-D{seconds}", *field_options(case), *body,
            f"{case.shape.scheme}://127.0.0.1:{port}{case.path}"]


def h2load(case, port, seconds, folder):
    command = [str(part) for part in h2load_command(case, port, seconds, folder)]
    result = subprocess.run(command, capture_output=True, text=True, check=True, preexec_fn=pinned(LOAD_CORE))
    sample = parse_h2load(result.stdout)
    # What is no failure to h2load may still be none of our answers: an error of gRPC is 200 without a body.
    if sample.pop("data") < sample["requests"] * case.expect:
        raise RuntimeError(f"h2load: not every answer to {case.name} had {case.expect} bytes")
    return sample


def parse_h2load(text):
    counts = ("succeeded", "failed", "errored")
    done, failed, errored = (int(re.search(rf"(\d+) {word}", text).group(1)) for word in counts)
    if failed or errored:
        raise RuntimeError(f"h2load: {failed} failed, {errored} errored")
    data = int(re.search(r"\((\d+)\) data", text).group(1))
    amount, unit = re.search(r"^time for request:(?:\s+\S+){2}\s+([\d.]+)(us|ms|s)", text, re.MULTILINE).groups()
    mean = float(amount) * UNITS_US[unit]
    # h2load tells no percentiles: its mean stands for both.
    return {"requests": done, "rps": float(re.search(r"([\d.]+) req/s", text).group(1)), "p50_us": mean, "p99_us": mean,
            "data": data}


WEBSOCKET = None  # the binary; set by the run


def websocket(case, port, seconds):
    """Messages and their echoes."""
    result = subprocess.run([str(WEBSOCKET), "ask", str(port), str(case.message), str(seconds), str(case.connections)],
                            capture_output=True, text=True, check=True, preexec_fn=pinned(LOAD_CORE))
    echoed, failed, p50, p99, _ = (float(part) for part in result.stdout.split())
    if failed or not echoed:
        raise RuntimeError(f"{case.name}: {failed:.0f} of {echoed:.0f} echoes failed")
    return {"requests": int(echoed), "rps": echoed / seconds, "p50_us": p50, "p99_us": p99}


def load(case, port, seconds, folder):
    if case.shape.websocket:
        return websocket(case, port, seconds)
    return h2load(case, port, seconds, folder) if case.streams else wrk(case, port, seconds, folder)


def closed_loop(case, subject, seconds):
    """CPU microseconds per request, throughput, latency as wrk sees it, and memory afterwards."""
    before = cpu_ns(subject.process.pid)
    sample = load(case, subject.port, seconds, subject.folder)
    sample["cpu_us"] = (cpu_ns(subject.process.pid) - before) / 1000 / max(1, sample["requests"])
    sample["rss_kib"] = memory_kib(subject.process.pid)
    return sample


def open_loop(binary, subject, rate, seconds, connections=64, path="/", at_once=1):
    """With several requests at once each figure is of such a group, and each latency that of its slowest."""
    before = cpu_ns(subject.process.pid)
    several = ["--at-once", at_once] if at_once > 1 else []
    command = [binary, subject.port, path, rate, seconds, connections, *several]
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, check=True,
                            preexec_fn=pinned(LOAD_CORE))
    sent, answered, failed, p50, p90, p99, p999, most = (float(part) for part in result.stdout.split())
    return {"requests": answered, "failed": failed, "p50_us": p50, "p90_us": p90, "p99_us": p99, "p999_us": p999,
            "max_us": most, "cpu_us": (cpu_ns(subject.process.pid) - before) / 1000 / max(1, answered)}


def read_answer(connection, length):
    got = b""
    while b"\r\n\r\n" not in got:
        got += connection.recv(65536)
    head, _, body = got.partition(b"\r\n\r\n")
    if b" 200 " not in head.split(b"\r\n")[0]:
        raise RuntimeError(f"idle connections: {head[:80]!r}")
    left = length - len(body)
    while left > 0:
        left -= len(connection.recv(65536))


def hold_connections(port, count, tls=False):
    """Opens connections, asks once on each, and leaves them idle."""
    held = []
    context = trusting() if tls else None
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        if tls:
            connection = context.wrap_socket(connection)
        connection.sendall(b"GET / HTTP/1.1\r\nHost: idle\r\n\r\n")
        read_answer(connection, 1024)
        held.append(connection)
    return held


def memory_of_held(subject, hold, warming, count):
    """User memory in bytes of each connection that hold(n) opens, after some have warmed the pools."""
    for connection in hold(warming):
        connection.close()
    time.sleep(1)
    before = memory_kib(subject.process.pid, "RssAnon")
    held = hold(count)
    time.sleep(2)
    after = memory_kib(subject.process.pid, "RssAnon")
    for connection in held:
        connection.close()
    return {"bytes": (after - before) * 1024 / count, "rss_kib": after}


def idle_memory(subject, count):
    """User memory in bytes per idle keep-alive connection."""
    return memory_of_held(subject, lambda n: hold_connections(subject.port, n, subject.shape.tls), 300, count)


def frame(kind, flags, stream, payload=b""):
    """Of HTTP/2 (RFC 9113 section 4.1)."""
    return struct.pack("!I", len(payload))[1:] + struct.pack("!BBI", kind, flags, stream) + payload


def hold_h2_connections(port, count, streams):
    """Opens connections of HTTP/2 without TLS, asks on so many streams of each at once, and leaves them idle."""
    settings, headers, window = 4, 1, 8
    end_stream, end_headers = 1, 4
    block = b"\x82\x86\x84\x41\x04idle"  # GET http / and the authority (RFC 7541)
    hello = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + frame(settings, 0, 0) + frame(window, 0, 0, struct.pack("!I", 1 << 24))
    asked = b"".join(frame(headers, end_headers | end_stream, 1 + 2 * n, block) for n in range(streams))
    held = []
    for _ in range(count):
        connection = socket.create_connection(("127.0.0.1", port), timeout=10)
        connection.sendall(hello + asked)
        answers, ended = connection.makefile("rb"), 0
        while ended < streams:
            size, kind, flags = struct.unpack("!IBB", b"\0" + answers.read(9)[:5])
            answers.read(size)
            ended += kind in (0, headers) and flags & end_stream
        connection.sendall(frame(settings, end_stream, 0))  # that is ACK: theirs is known
        held.append(connection)
    return held


def idle_h2_memory(subject, count, streams):
    """User memory in bytes per idle connection of HTTP/2 whose streams were all answered."""
    return memory_of_held(subject, lambda n: hold_h2_connections(subject.port, n, streams), 30, count)


def under_way(subject, path, count):
    """User memory in bytes of each request that waits for its targets, with all connections that belong to it."""
    def ask(many):
        held = []
        for _ in range(many):
            connection = socket.create_connection(("127.0.0.1", subject.port), timeout=10)
            connection.sendall(f"GET {path} HTTP/1.1\r\nHost: waits\r\n\r\n".encode())
            held.append(connection)
        time.sleep(1)
        return held

    first = ask(50)
    before = memory_kib(subject.process.pid, "RssAnon")
    held = ask(count)
    after = memory_kib(subject.process.pid, "RssAnon")
    for connection in first + held:
        connection.close()
    return (after - before) * 1024 / count


def machine():
    model = re.search(r"model name\s*:\s*(.*)", Path("/proc/cpuinfo").read_text()).group(1)
    return model.strip(), Path("/proc/sys/kernel/osrelease").read_text().strip()
