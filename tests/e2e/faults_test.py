# SPDX-License-Identifier: Apache-2.0
"""What services and networks do to a gateway: all of them gone and back, silent for good, connections of which one side knows
nothing any more. That one of three is killed is in resilience_test.py, names that change in discovery_test.py, descriptors
and disks that run out in operations_test.py."""
import contextlib
import http.client
import http.server
import json
import signal
import socket
import sys
import threading
import unittest

from harness import PATIENCE, SERVICES, Case, Running, eventually, unused_port, vanish

HEALTHY_AFTER = 2  # checks, unless the configuration says otherwise
INTERVAL = 0.5  # seconds between checks, a fifth more or less
LATE = 2  # checks more that may come before the first request, where the machine is slow


class Counted:
    """A service in this process that can go, connections and all, and come back on its port. It counts the checks since it
    came, and remembers how many there were before its first request: None until then."""

    class Server(http.server.ThreadingHTTPServer):
        daemon_threads, request_queue_size = True, 256

        def process_request(self, request, client_address):
            self.service.connections.append(request)
            super().process_request(request, client_address)

        def handle_error(self, request, client_address):
            """Connections that were cut are the point."""

    class Handler(http.server.BaseHTTPRequestHandler):
        protocol_version, disable_nagle_algorithm, wbufsize = "HTTP/1.1", True, -1

        def do_GET(self):
            service = self.server.service
            with service.lock:
                if self.path == "/check":
                    service.checks += 1
                elif service.before_first is None:
                    service.before_first = service.checks
            self.send_response(200)
            self.send_header("Content-Length", "2")
            self.end_headers()
            self.wfile.write(b"ok")

        def log_message(self, *_):
            """The gateway has the access log."""

    def __init__(self):
        self.port, self.lock = unused_port(), threading.Lock()
        self.come()

    def come(self):
        self.checks, self.before_first, self.connections = 0, None, []
        self.server = self.Server(("127.0.0.1", self.port), self.Handler)
        self.server.service = self
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def go(self):
        self.server.shutdown()
        self.server.server_close()
        for connection in self.connections:
            with contextlib.suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)


class Faults(Case):
    def service(self, port=0):
        process = Running([sys.executable, SERVICES / "users.py", port], owner=self)
        return process, int(process.says(r"listening on http://127\.0\.0\.1:(\d+)").group(1))

    def configure(self, ports, upstream="", listener=""):
        targets = ", ".join(f'"http://127.0.0.1:{port}"' for port in ports)
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"{listener}}}}}
admin: {{bind: "127.0.0.1:0"}}
upstreams: {{svc: {{targets: [{targets}]{upstream}}}}}
routes: [{{name: all, match: {{path: /**}}, to: svc}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        self.start()

    def lines(self):
        return [json.loads(line) for line in self.access_log.read_text().split("\n") if line]

    def asking(self, count):
        """Clients that ask all the time; returns their answers so far, (status, reason), and how to end them."""
        answers, ended = [], threading.Event()

        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
            while not ended.is_set():
                connection.request("GET", "/users/1")
                answer = connection.getresponse()
                body = answer.read()
                answers.append((answer.status, "" if answer.status == 200 else json.loads(body)["reason"]))
                if answer.status != 200:
                    ended.wait(0.01)  # others need the processor too
            connection.close()

        clients = [threading.Thread(target=ask, daemon=True) for _ in range(count)]
        for client in clients:
            client.start()

        def end():
            ended.set()
            for client in clients:
                client.join()
        self.addCleanup(ended.set)
        return answers, end

    def test_all_services_go_and_come_back(self):
        services = [self.service() for _ in range(3)]
        self.configure([port for _, port in services], upstream=", outlier: {ejection: 1s}")
        answers, end = self.asking(8)
        eventually(lambda: len(answers) > 200, "answers")

        well = len(answers)
        for process, _ in services:
            process.send(signal.SIGKILL)
            process.wait()
        gone = len(answers)
        eventually(lambda: len(answers) > gone + 200, "answers without any service")
        failures = answers[gone + 16:]  # without those that were on their way
        self.assertEqual({status for status, _ in failures} - {502, 503}, set())
        self.assertEqual({why for _, why in failures} - {"upstream_connect_failed", "no_healthy_upstream", "upstream_reset"},
                         set())

        for _, port in services:
            self.service(port)
        eventually(lambda: {status for status, _ in answers[-100:]} == {200}, "all is well again")
        end()
        self.assertEqual({status for status, _ in answers[:well]}, {200})
        self.assertIsNone(self.gateway.popen.poll())

    def states(self):
        [upstream] = self.admin("/upstreams").json()["upstreams"]
        return {target["state"] for target in upstream["targets"]}

    def go_and_come_back(self, panic):
        """All of several checked services; returns them, and the answers of the time in which they were known to be gone."""
        services = [Counted() for _ in range(3)]
        for service in services:
            self.addCleanup(service.go)
        self.configure([service.port for service in services],
                       upstream=f", health: {{path: /check, interval: {INTERVAL * 1000:.0f}ms, timeout: 500ms}}, outlier: off, "
                                f"panic_threshold: {panic}")
        answers, end = self.asking(4)
        eventually(lambda: all(service.checks and service.before_first is not None for service in services), "all are in use")
        self.assertEqual({status for status, _ in answers}, {200})

        for service in services:
            service.go()
        eventually(lambda: self.states() == {"unhealthy"}, "all are found to be gone")
        gone = len(answers) + 4  # without those that are on their way
        eventually(lambda: len(answers) > gone + 50, "answers without any service")
        failures = answers[gone:]

        for service in services:
            service.come()
        eventually(lambda: all(service.before_first is not None for service in services), "each has requests again")
        eventually(lambda: self.states() == {"healthy"}, "all are found to be back")
        back = len(answers) + 4
        eventually(lambda: len(answers) > back + 50, "answers of all")
        end()
        self.assertEqual({status for status, _ in answers[back:]}, {200})
        return services, failures

    def test_all_checked_services_go_and_come_back_by_their_checks(self):
        services, failures = self.go_and_come_back(panic="0%")

        self.assertEqual(set(failures), {(503, "no_healthy_upstream")})
        for service in services:
            self.assertGreaterEqual(service.before_first, HEALTHY_AFTER)
            self.assertLessEqual(service.before_first, HEALTHY_AFTER + LATE)

    def test_all_checked_services_go_and_come_back_in_panic_without_waiting_for_checks(self):
        services, failures = self.go_and_come_back(panic="50%")

        self.assertEqual({status for status, _ in failures} - {502, 503}, set())
        self.assertIn("upstream_connect_failed", {why for _, why in failures})
        self.assertLess(min(service.before_first for service in services), HEALTHY_AFTER)
        self.gateway.says(r"panic: [01] of 3 targets are healthy")

    def test_a_service_that_accepts_and_never_answers_fails_no_request_where_another_can_answer(self):
        services = [self.service() for _ in range(2)]
        self.configure([port for _, port in services], upstream=", timeouts: {first_byte: 500ms}, retry: {budget: {at_least: 8}}")
        answers, end = self.asking(8)
        eventually(lambda: len(answers) > 100, "answers")

        silent, port = services[0]
        silent.send(signal.SIGSTOP)  # the system still accepts for it
        self.addCleanup(silent.send, signal.SIGCONT)
        self.gateway.says(rf"warning upstream svc: 127\.0\.0\.1:{port} is out of service for 30s: ")
        before = len(answers)
        eventually(lambda: len(answers) > before + 100, "answers of the other")
        end()
        self.assertEqual({status for status, _ in answers}, {200})

    def test_a_service_that_never_answers_is_named_with_the_time_it_had(self):
        process, port = self.service()
        self.configure([port], upstream=", timeouts: {first_byte: 500ms}, retry: none")
        process.send(signal.SIGSTOP)
        self.addCleanup(process.send, signal.SIGCONT)

        answer = self.curl("/users/1")

        self.assertEqual((answer.status, answer.json()["reason"]), (504, "timeout_first_byte"))
        line = eventually(self.lines, "its line")[-1]
        self.assertEqual(line["target"], f"127.0.0.1:{port}")

    def test_a_target_that_vanished_with_its_connections_is_connected_anew(self):
        server = socket.create_server(("127.0.0.1", 0))
        self.addCleanup(server.close)
        self.configure([server.getsockname()[1]])

        def answer_one():
            connection, _ = server.accept()
            while b"\r\n\r\n" not in connection.recv(65536):
                pass
            connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            return connection

        for _ in range(3):
            kept = []
            target = threading.Thread(target=lambda: kept.append(answer_one()), daemon=True)
            target.start()
            self.assertEqual(self.curl("/users/1").status, 200)
            target.join()
            if not vanish(kept[0]):
                kept[0].close()
                self.skipTest("may not make connections that are open on one side only")
        self.assertEqual(self.metric("sluice_upstream_connections_total", upstream="svc"), 3)

    def test_clients_that_vanished_are_given_up(self):
        process, port = self.service()
        del process
        self.configure([port], listener=", timeouts: {head: 1s, body: 1s, keep_alive: 1s}")
        texts = [b"", b"GET /users", b"GET /users/1 HTTP/1.1\r\nHost: a\r\n\r\n",
                 b"POST /users HTTP/1.1\r\nHost: a\r\nContent-Length: 100\r\n\r\nhalf"]
        for text in texts * 5:
            client = socket.create_connection(("127.0.0.1", self.port))
            client.sendall(text)
            if text.endswith(b"\r\n\r\n"):
                client.recv(65536)
            if not vanish(client):
                client.close()
                self.skipTest("may not make connections that are open on one side only")

        eventually(lambda: self.metric("sluice_connections_total", listener="web") == len(texts) * 5, "all were accepted")
        eventually(lambda: self.metric("sluice_connections", listener="web") == 0, "all are given up")
        self.assertEqual(self.metric("sluice_requests_in_flight"), 0)
        self.assertEqual(self.curl("/users/1").status, 200)


if __name__ == "__main__":
    unittest.main()
