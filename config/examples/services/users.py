# SPDX-License-Identifier: Apache-2.0
"""A second microservice, of Python's standard library alone: users kept in memory.

    python3 config/examples/services/users.py 9002

GET /users, GET /users/{id}, POST /users and PUT /users/{id} with {"name": ...}.
"""
import json
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

USERS = {1: {"id": 1, "name": "Ada"}, 2: {"id": 2, "name": "Grace"}}
LOCK = threading.Lock()


class Users(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"  # keeps connections open
    disable_nagle_algorithm = True
    wbufsize = -1  # head and body leave in one packet

    def do_GET(self):
        if self.path == "/users":
            return self.answer(200, list(USERS.values()))
        _, _, number = self.path.partition("/users/")
        user = USERS.get(int(number)) if number.isdecimal() else None
        return self.answer(200, user) if user else self.answer(404, {"error": "no such user"})

    do_HEAD = do_GET

    def name(self):
        """What the body says; None if it is not as it should be."""
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            return json.loads(body)["name"]
        except (ValueError, KeyError, TypeError):
            return None

    def do_POST(self):
        name = self.name()
        if self.path != "/users":
            return self.answer(405, {"error": "users are added with POST /users"})
        if name is None:
            return self.answer(400, {"error": 'expected {"name": ...}'})
        with LOCK:
            user = {"id": max(USERS) + 1, "name": name}
            USERS[user["id"]] = user
        return self.answer(201, user)

    def do_PUT(self):
        name, (_, _, number) = self.name(), self.path.partition("/users/")
        if not number.isdecimal():
            return self.answer(405, {"error": "users are changed with PUT /users/{id}"})
        if name is None:
            return self.answer(400, {"error": 'expected {"name": ...}'})
        user = USERS[int(number)] = {"id": int(number), "name": name}
        return self.answer(200, user)

    def answer(self, status, value):
        body = json.dumps(value).encode() + b"\n"
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def log_message(self, *_):
        """The gateway has the access log."""


class Server(ThreadingHTTPServer):
    request_queue_size = 256
    daemon_threads = True


if __name__ == "__main__":
    server = Server(("127.0.0.1", int(sys.argv[1])), Users)  # port 0: any free one
    print(f"users: listening on http://127.0.0.1:{server.server_port}", flush=True)
    server.serve_forever()
