# SPDX-License-Identifier: Apache-2.0
"""A fake nameserver for tests: says over UDP and TCP what a JSON file says, and looks at the file for every question.

    {"orders.test": {"a": ["127.0.0.2"], "ttl": 1}, "_http._tcp.orders.test": {"srv": [[0, 5, 8080, "a.test"]]},
     "broken.test": {"mood": "servfail"}}

Moods: servfail, refused, nothing, silent, garbage, truncated (over UDP). Names that are not in the file do not exist.
"""
import ipaddress
import json
import socket
import socketserver
import struct
import sys
import threading

A, AAAA, SRV = 1, 28, 33


def labels(name):
    return b"".join(bytes([len(part)]) + part.encode() for part in name.split(".")) + b"\0"


def record(kind, ttl, data):
    return b"\xc0\x0c" + struct.pack("!HHIH", kind, 1, ttl, len(data)) + data


def records_of(entry, kind):
    ttl = entry.get("ttl", 1)
    if kind == SRV:
        return [record(SRV, ttl, struct.pack("!HHH", *place[:3]) + labels(place[3])) for place in entry.get("srv", [])]
    numbers = [ipaddress.ip_address(text) for text in entry.get("a", [])]
    return [record(kind, ttl, n.packed) for n in numbers if n.version == (4 if kind == A else 6)]


def answer(file, question, tcp):
    parts, at = [], 12
    while question[at]:
        parts.append(question[at + 1:at + 1 + question[at]].decode("latin-1"))
        at += question[at] + 1
    kind = struct.unpack("!H", question[at + 1:at + 3])[0]
    asked = question[12:at + 5]

    def reply(flags, records=(), count=None):
        head = question[:2] + struct.pack("!HHHHH", 0x8180 | flags, 1, len(records) if count is None else count, 0, 0)
        return head + asked + b"".join(records)

    with open(file) as text:
        entry = json.load(text).get(".".join(parts).lower())
    mood = entry.get("mood") if entry is not None else "nxdomain"
    match mood:
        case "nxdomain":
            return reply(3)
        case "servfail":
            return reply(2)
        case "refused":
            return reply(5)
        case "nothing":
            return reply(0)
        case "silent":
            return None
        case "garbage":
            return reply(0, [b"\xc0\xff" + b"\xff" * 9], 7)
        case "truncated" if not tcp:
            return reply(0x0200)
    return reply(0, records_of(entry, kind))


class Datagram(socketserver.BaseRequestHandler):
    def handle(self):
        data, sink = self.request
        if (text := answer(self.server.file, data, False)) is not None:
            sink.sendto(text, self.client_address)


class Stream(socketserver.StreamRequestHandler):
    def handle(self):
        while len(size := self.rfile.read(2)) == 2:
            text = answer(self.server.file, self.rfile.read(struct.unpack("!H", size)[0]), True)
            if text is None:
                return
            self.wfile.write(struct.pack("!H", len(text)) + text)


def main():
    while True:  # the same port twice
        datagrams = socketserver.ThreadingUDPServer(("127.0.0.1", int(sys.argv[2])), Datagram)
        try:
            streams = socketserver.ThreadingTCPServer(datagrams.server_address, Stream)
            break
        except OSError:
            datagrams.server_close()
    for server in (datagrams, streams):
        server.daemon_threads = True
        server.file = sys.argv[1]
    threading.Thread(target=streams.serve_forever, daemon=True).start()
    print(f"fake nameserver on 127.0.0.1:{datagrams.server_address[1]}", flush=True)
    datagrams.serve_forever()


if __name__ == "__main__":
    socket.setdefaulttimeout(30)
    main()
