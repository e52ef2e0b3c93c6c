# SPDX-License-Identifier: Apache-2.0
"""Thousands of slow clients in one process, and a service that can bear them.

    crowd.py clients PORT heads=N bodies=N readers=N

Opens all of them, spread over several loopback addresses so that source ports suffice: those that send a head byte by
byte, those that send a body byte by byte, those that read an answer a few bytes at a time. Says `open COUNT` when all are,
and at the end, as JSON, how each kind ended: {"heads": {"408": N}, "bodies": ..., "readers": {"cut": N}}.

    crowd.py serve

Answers POST when the body is there, and any other request with four megabytes.
"""
import asyncio
import collections
import errno
import json
import resource
import select
import socket
import sys
import time

SHORT, LARGE = [b"ok"], [bytes(1 << 16)] * 64
ADDRESSES = 8
AT_ONCE = 400  # connections that are being opened: the backlog has room for them
EACH = 1.0  # seconds between two bytes


def allow_descriptors(wanted):
    """Raises the limit of this process and its children as far as that is allowed; the limit in force."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    for top in (max(hard, wanted), hard):
        try:
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, min(wanted, top)), top))
            break
        except (ValueError, OSError):
            continue
    return resource.getrlimit(resource.RLIMIT_NOFILE)[0]


class Client:
    """One slow client; a state machine that the crowd drives."""
    TEXTS = {
        "heads": (b"GET /slow/head HTTP/1.1\r\nHost: a\r\n", b"X-Slow: "),
        "bodies": (b"POST /slow/body HTTP/1.1\r\nHost: a\r\nContent-Length: 60000\r\n\r\n", b"b" * 2000),
        "readers": (b"GET /slow/answer HTTP/1.1\r\nHost: a\r\n\r\n", b""),
    }

    def __init__(self, kind, number, port):
        self.kind = kind
        self.end = None
        self.begun = False
        self.answer = b""
        self.socket = socket.socket()
        self.socket.setblocking(False)
        if kind == "readers":
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        self.socket.setsockopt(socket.SOL_IP, 24, 1)  # IP_BIND_ADDRESS_NO_PORT: chosen when it connects
        self.socket.bind((f"127.0.0.{2 + number % ADDRESSES}", 0))
        self.socket.connect_ex(("127.0.0.1", port))

    def opened(self):
        if error := self.socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR):
            self.end = errno.errorcode.get(error, str(error))
            return
        self.begun = True
        if self.kind == "bodies":
            self.socket.send(self.TEXTS["bodies"][0] + self.TEXTS["bodies"][1])
        else:
            self.socket.send(self.TEXTS[self.kind][0])

    def read(self, size):
        try:
            piece = self.socket.recv(size)
        except BlockingIOError:
            return
        except OSError:
            piece = b""
        if len(self.answer) < 12:
            self.answer += piece[:12]
        if not piece:
            status = self.answer[9:12].decode("latin-1")
            self.end = "cut" if status == "200" else status or "closed"

    def step(self):
        """A little more of what it sends, or of what it reads."""
        if self.kind == "readers":
            return self.read(16)
        try:
            self.socket.send(b"x")
        except OSError:
            pass  # reading tells how it ended


class Crowd:
    def __init__(self, port, kinds):
        self.port = port
        self.waiting = collections.deque(kind for turn in range(max(kinds.values()))
                                         for kind in kinds if turn < kinds[kind])
        self.clients, self.opening, self.number = {}, 0, 0
        self.poll = select.epoll()
        self.ends = {kind: collections.Counter() for kind in kinds}

    def begin_some(self):
        while self.waiting and self.opening < AT_ONCE:
            client = Client(self.waiting.popleft(), self.number, self.port)
            self.number += 1
            self.opening += 1
            self.clients[client.socket.fileno()] = client
            self.poll.register(client.socket, select.EPOLLOUT)

    def settle(self, client):
        if client.end is None:
            return
        self.ends[client.kind][client.end] += 1
        del self.clients[client.socket.fileno()]
        client.socket.close()

    def on_event(self, client):
        if not client.begun:
            self.opening -= 1
            client.opened()
            # Of slow readers only the end is of interest.
            wanted = select.EPOLLRDHUP if client.kind == "readers" else select.EPOLLIN
            self.poll.modify(client.socket, wanted)
        else:
            client.read(1 << 16)
        self.settle(client)

    def run(self):
        said = False
        due = time.monotonic() + EACH
        while self.waiting or self.clients:
            self.begin_some()
            for number, _ in self.poll.poll(0.05, 1000):
                self.on_event(self.clients[number])
            if not said and not self.waiting and self.opening == 0:
                said = True
                print("open", len(self.clients), flush=True)
            if time.monotonic() >= due:
                due = time.monotonic() + EACH
                for client in [c for c in self.clients.values() if c.begun]:
                    client.step()
                    self.settle(client)
        print(json.dumps(self.ends), flush=True)


async def answer(reader, writer):
    try:
        while True:
            head = await reader.readuntil(b"\r\n\r\n")
            length = next((int(line.split(b":")[1]) for line in head.lower().split(b"\r\n")
                           if line.startswith(b"content-length:")), 0)
            if length:
                await reader.readexactly(length)
            body = SHORT if head.startswith(b"POST") else LARGE
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % sum(map(len, body)))
            for piece in body:  # no more of it is kept than the gateway has not taken yet
                writer.write(piece)
                await writer.drain()
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


async def serve():
    server = await asyncio.start_server(answer, "127.0.0.1", 0, backlog=4096)
    print(f"listening on http://127.0.0.1:{server.sockets[0].getsockname()[1]}", flush=True)
    await asyncio.Future()


if __name__ == "__main__":
    allow_descriptors(65536)
    if sys.argv[1] == "serve":
        asyncio.run(serve())
    else:
        Crowd(int(sys.argv[2]), {k: int(v) for k, v in (pair.split("=") for pair in sys.argv[3:])}).run()
