# SPDX-License-Identifier: Apache-2.0
"""The clients of a soak: threads that each do one kind of thing again and again until they are told to stop. What a
client saw goes into a Tally; what it must never see ends the soak, as a fault (Soak.found) where no stall of the machine
explains it."""
import asyncio
import collections
import gzip
import http.client
import json
import random
import socket
import ssl
import subprocess
import threading
import time
import zlib
from concurrent import futures

import grpc
import websockets

from harness import vanish

# By which a side says that the other's frames are none: of another form, no UTF-8, beyond a limit.
BROKEN_FRAMES = (1002, 1007, 1009)
PATIENCE = 90  # seconds for an answer, whatever it is: longer than every limit of the configuration


class Tally:
    """Counts of what happened, for all threads; and the first thing that must not have happened."""

    def __init__(self):
        self.lock, self.counts, self.fault = threading.Lock(), collections.Counter(), ""

    def add(self, what):
        with self.lock:
            self.counts[what] += 1

    def fail(self, what):
        with self.lock:
            self.fault = self.fault or what


class Client(threading.Thread):
    def __init__(self, soak, seed):
        super().__init__(daemon=True)
        self.soak, self.random = soak, random.Random(seed)

    def run(self):
        name = type(self).__name__
        while not self.soak.over.is_set():
            try:
                self.soak.tally.add(f"{name}: {self.once()}")
            except (OSError, http.client.HTTPException, EOFError) as error:
                self.soak.tally.add(f"{name}: {self.lost(error)}")
            except Exception as error:  # pylint: disable=broad-except
                self.soak.tally.fail(f"{name}: {error!r}")

    def lost(self, error):
        """What a broken connection counts as; a gateway that says nothing at all has failed."""
        if isinstance(error, TimeoutError):
            self.soak.tally.fail(f"{type(self).__name__}: no answer within {PATIENCE} s")
        return type(error).__name__

    def connect(self, tls=False):
        if not tls:
            return http.client.HTTPConnection("127.0.0.1", self.soak.port, timeout=PATIENCE)
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        return http.client.HTTPSConnection("127.0.0.1", self.soak.tls_port, timeout=PATIENCE, context=context)

    def answer(self, connection):
        """Status, and the reason if the gateway made the answer. Its own failures are never an answer."""
        response = connection.getresponse()
        body = response.read()
        reason = ""
        if response.getheader("Content-Type") == "application/problem+json":
            reason = json.loads(body)["reason"]
        if reason in ("internal", "filter_failed"):
            self.soak.found(f"an answer with the reason {reason}")
        return f"{response.status} {reason}".rstrip()


class Reader(Client):
    """GETs over a kept connection, plain or TLS; of three targets, one of which may be dead at any time."""

    def once(self):
        connection = self.connect(tls=self.random.random() < 0.3)
        try:
            for _ in range(self.random.randint(1, 30)):
                path = self.random.choice(["/users", "/users/1", "/users/99", "/limited", "/page", "/nowhere", "/mirrored",
                                           "/split", "/hedged", "/named", "/inner/users/1", "/inner/page"])
                connection.request("GET", path, headers={"X-Api-Key": "soak"})
                said = self.answer(connection)
                self.soak.tally.add(f"Reader: {path} {said}")
        finally:
            connection.close()
        return "connections"


class Writer(Client):
    """POSTs, with a length or in chunks, small or large."""

    def once(self):
        connection = self.connect()
        try:
            body = json.dumps({"name": "x", "more": "x" * self.random.choice([1, 100, 70_000, 300_000])}).encode()
            chunked = self.random.random() < 0.5
            connection.request("POST", "/sink", iter([body]) if chunked else body, encode_chunked=chunked)
            return self.answer(connection)
        finally:
            connection.close()


class Leaver(Client):
    """Begins requests and goes: in the head, in the body, before the answer."""

    def once(self):
        texts = [b"GET /us", b"GET /users HTTP/1.1\r\nHost: a\r\n", b"GET /users HTTP/1.1\r\nHost: a\r\n\r\n",
                 b"POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf",
                 b"POST /sink HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhel"]
        with socket.create_connection(("127.0.0.1", self.soak.port), timeout=PATIENCE) as s:
            s.sendall(self.random.choice(texts))
            time.sleep(self.random.choice([0, 0, 0.05]))
        return "gone"


class Vanisher(Client):
    """As a machine that lost its power: its side knows nothing of the connection any more, and says so to nobody."""

    def once(self):
        texts = [b"", b"GET /us", b"GET /users HTTP/1.1\r\nHost: a\r\n\r\n", b"GET /large HTTP/1.1\r\nHost: a\r\n\r\n",
                 b"POST /sink HTTP/1.1\r\nHost: a\r\nContent-Length: 1000\r\n\r\nhalf"]
        with socket.create_connection(("127.0.0.1", self.soak.port), timeout=PATIENCE) as s:
            s.sendall(self.random.choice(texts))
            gone = vanish(s)
        time.sleep(0.05)
        return "vanished" if gone else "may not vanish, and left"


class Unpacker(Client):
    """Asks for what is compressed on the way, and looks at every byte of it."""

    def once(self):
        connection = self.connect(tls=self.random.random() < 0.5)
        try:
            for _ in range(10):
                coding = self.random.choice(["gzip", "br", "zstd"])
                connection.request("GET", "/large", headers={"Accept-Encoding": coding})
                response = connection.getresponse()
                body, said = response.read(), response.getheader("Content-Encoding")
                if said != coding or len(body) > 20_000:
                    self.soak.tally.fail(f"Unpacker: {len(body)} bytes of {said}, not {coding}")
                elif coding == "gzip":
                    self.look(body)
        finally:
            connection.close()
        return "connections"

    def look(self, body):
        try:
            text = gzip.decompress(body)
        except (OSError, EOFError, zlib.error) as error:
            text = repr(error)
        if text != b"z" * 200_000:
            self.soak.found("Unpacker: the answer is another one than was packed")


def serve_calls():
    """A service of gRPC in this process, which nothing happens to: it echoes. Itself and its port."""
    handlers = grpc.method_handlers_generic_handler("soak.Calls", {
        "Echo": grpc.unary_unary_rpc_method_handler(lambda request, context: request),
        "Chat": grpc.stream_stream_rpc_method_handler(lambda requests, context: iter(requests))})
    server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
    server.add_generic_rpc_handlers((handlers,))
    port = server.add_insecure_port("127.0.0.1:0")
    server.start()
    return server, port


class Caller(Client):
    """Calls of gRPC, single and streaming, over HTTP/2 on both sides. Nothing excuses one that fails."""

    def once(self):
        with grpc.insecure_channel(f"127.0.0.1:{self.soak.inner_port}") as channel:
            message = b"m" * self.random.choice([0, 10, 5000, 300_000])
            if channel.unary_unary("/soak.Calls/Echo")(message, timeout=PATIENCE) != message:
                self.soak.found("Caller: another message came back")
            back = list(channel.stream_stream("/soak.Calls/Chat")(iter([message] * 10), timeout=PATIENCE))
            if back != [message] * 10:
                self.soak.found(f"Caller: {len(back)} messages came back, not the 10 that were sent")
        return "calls"


class Attacker(Client):
    """Bytes that are no request; the answer is a refusal or a close."""

    def once(self):
        texts = [b"\x16\x03\x01\x02\x00\x01\x00", b"GET / HTTP/1.1\r\n\r\n", b"A" * 70_000,
                 b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
                 b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + bytes(self.random.randrange(256) for _ in range(500)),
                 b"GET /a HTTP/1.1\r\nHost: a\r\nX: \x00\r\n\r\n", bytes(self.random.randrange(256) for _ in range(2000))]
        with socket.create_connection(("127.0.0.1", self.soak.port), timeout=PATIENCE) as s:
            s.sendall(self.random.choice(texts))
            s.shutdown(socket.SHUT_WR)
            first = s.recv(100)
        if first.startswith(b"HTTP/1.1 2"):
            self.soak.found(f"nonsense was answered with {first!r}")
        return first[:12].decode("latin-1") if first.startswith(b"HTTP/") else "closed"


class Sluggard(Client):
    """Asks for much and reads it slowly, or sends its head byte by byte."""

    def once(self):
        with socket.create_connection(("127.0.0.1", self.soak.port), timeout=PATIENCE) as s:
            if self.random.random() < 0.5:
                for byte in b"GET /users HTTP/1.1\r\nHost: slow\r\nConnection: close\r\n\r\n":
                    s.sendall(bytes([byte]))
                    time.sleep(0.01)
            else:
                s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                s.sendall(b"GET /large HTTP/1.1\r\nHost: slow\r\nConnection: close\r\n\r\n")
            size = 0
            while piece := s.recv(16384):
                size += len(piece)
                time.sleep(0.002)
        return "read to the end" if size else "closed"


class Http2(Client):
    """Bursts of many streams."""

    def once(self):
        result = subprocess.run(["h2load", "-n400", "-c4", "-m16", f"https://127.0.0.1:{self.soak.tls_port}/users"],
                                capture_output=True, text=True, timeout=PATIENCE)
        if result.returncode != 0:
            self.soak.tally.fail(f"h2load: {result.stdout}{result.stderr}")
        return "bursts"


class Chatter(Client):
    """WebSockets that live through reloads; every message must come back, in order."""

    def once(self):
        return asyncio.run(self.talk())

    async def talk(self):
        room = self.random.randrange(1 << 60)
        async with websockets.connect(f"ws://127.0.0.1:{self.soak.port}/chat/{room}", max_size=1 << 22) as s:
            for number in range(200):
                if self.soak.over.is_set():
                    break
                message = f"{number} " + "y" * self.random.choice([0, 10, 5000, 100_000])
                await s.send(message)
                back = await asyncio.wait_for(s.recv(), PATIENCE)
                if back != message:
                    self.soak.found(f"a WebSocket heard {back[:40]!r}, not {message[:40]!r}")
                await asyncio.sleep(0.02)
        return "talks"

    def ended(self, error):
        """The chat's service is never touched: nothing excuses a WebSocket that ends, and no stall makes frames broken."""
        closes = (error.sent, error.rcvd) if isinstance(error, websockets.ConnectionClosed) else ()
        broken = any(close and close.code in BROKEN_FRAMES for close in closes)
        (self.soak.found if broken else self.soak.tally.fail)(f"Chatter: {error!r}")

    def run(self):
        while not self.soak.over.is_set():
            try:
                self.soak.tally.add(f"Chatter: {self.once()}")
            except Exception as error:  # pylint: disable=broad-except
                if not self.soak.over.is_set():
                    self.ended(error)


KINDS = ((Reader, 4), (Writer, 2), (Leaver, 1), (Vanisher, 1), (Attacker, 1), (Sluggard, 2), (Unpacker, 1), (Http2, 1),
         (Caller, 1), (Chatter, 2))
