# SPDX-License-Identifier: Apache-2.0
"""Unix sockets, sockets that a supervisor opened, and the PROXY protocol, with curl and HAProxy as those who speak it."""
import json
import os
import shutil
import signal
import socket
import socketserver
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler

from harness import BINARY, Case, GatewayProcess, Running, eventually, unused_port

HELLO = "  - {name: hello, match: {path: /**}, to: hello}"


class OnUnixSocket(socketserver.ThreadingMixIn, socketserver.UnixStreamServer):
    daemon_threads = True


class SaysItsHost(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = json.dumps({"host": self.headers["Host"], "for": self.headers["X-Forwarded-For"]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass

    def address_string(self):
        return "unix"


class Listeners(Case):
    def serve_listeners(self, listeners, routes=HELLO, more=""):
        text = self.text(routes, more=more)
        self.config.write_text(text.replace("listeners: {web:", "listeners: {" + listeners + ", web:"))
        return self.start()

    def logged_clients(self):
        lines = self.access_log.read_text().splitlines() if self.access_log.exists() else []
        return [json.loads(line)["client_ip"] for line in lines]


class UnixSockets(Listeners):
    def test_curl_is_served_on_one(self):
        path = self.folder / "web.sock"
        self.serve_listeners(f'local: {{bind: "unix:{path}", socket: {{mode: "0600"}}}}')
        self.assertIn(f"local on unix:{path}", self.gateway.output())

        answer = self.curl("", "--unix-socket", str(path), url="http://localhost/hello")

        self.assertEqual((answer.status, answer.json()["message"]), (200, "Hello, world!"))
        eventually(lambda: self.logged_clients() == ["unix"], "the line of the access log")
        self.gateway.send(signal.SIGTERM)
        self.assertEqual(self.gateway.wait(), 0)
        self.assertFalse(path.exists())

    def test_the_file_of_a_killed_gateway_is_replaced(self):
        path = self.folder / "web.sock"
        self.serve_listeners(f'local: "unix:{path}"')
        self.gateway.send(signal.SIGKILL)
        self.gateway.wait()
        self.assertTrue(path.exists())

        self.start()

        self.assertEqual(self.curl("", "--unix-socket", str(path), url="http://localhost/hello").status, 200)

    def test_a_second_gateway_is_refused_and_told_who_has_the_socket(self):
        path = self.folder / "web.sock"
        self.serve_listeners(f'local: "unix:{path}"')

        second = GatewayProcess(self.gateway.popen.args, owner=self, ends_with=(1,))

        self.assertEqual(second.wait(), 1)
        self.assertIn(f"a process listens there already (in use by sluice, pid {self.gateway.popen.pid})",
                      second.output())

    def test_a_service_on_one_is_a_target(self):
        path = self.folder / "service.sock"
        service = OnUnixSocket(str(path), SaysItsHost)
        self.addCleanup(service.server_close)
        self.addCleanup(service.shutdown)
        threading.Thread(target=service.serve_forever, daemon=True).start()
        more = f'upstreams: {{local: {{url: "unix:{path}", host: upstream}}}}'
        text = self.text("  - {name: all, match: {path: /**}, to: local}")
        self.config.write_text("\n".join(line for line in text.split("\n")
                                         if not line.startswith(("upstreams:", "  hello:", "  users:"))) +
                               more + "\nworkers: 1\n")
        self.start()

        for _ in range(3):
            self.assertEqual(self.curl("/").json(), {"host": "localhost", "for": "127.0.0.1"})
        self.assertEqual(self.metric("sluice_upstream_connections_total", upstream="local"), 1)


class InheritedSockets(Listeners):
    def hand_over(self, sockets, names, **options):
        """Runs the gateway with these listening sockets, as a supervisor would."""
        fds = [s.fileno() for s in sockets]
        handed = range(3, 3 + len(fds))
        moves = [f"{to}<&{fd}" for to, fd in zip(handed, fds)] + [f"{fd}<&-" for fd in fds if fd not in handed]
        script = "LISTEN_PID=$$ exec " + " ".join(moves) + ' "$@"'
        environment = {**os.environ, "LISTEN_FDS": str(len(fds)), "LISTEN_FDNAMES": ":".join(names)}
        self.gateway = GatewayProcess(["bash", "-c", script, "-", BINARY, "run", self.config], owner=self, pass_fds=fds,
                                      env={**environment, **options})
        return self.gateway

    @staticmethod
    def listening(path=None):
        s = socket.socket(socket.AF_UNIX if path else socket.AF_INET)
        s.bind(str(path) if path else ("127.0.0.1", 0))
        s.listen()
        return s

    def test_are_taken_by_name_and_by_address_and_the_rest_is_closed(self):
        path = self.folder / "web.sock"
        by_name, spare, by_path = self.listening(), self.listening(), self.listening(path)
        self.config.write_text(self.text(HELLO).replace("listeners: {web:", f'listeners: {{local: "unix:{path}", web:'))
        self.hand_over([by_name, spare, by_path], ["web", "spare", "sluice.socket"]).says("serves")
        port, spare_port = by_name.getsockname()[1], spare.getsockname()[1]
        for s in (by_name, spare, by_path):
            s.close()

        self.assertEqual(self.curl("", url=f"http://127.0.0.1:{port}/hello").status, 200)
        self.assertEqual(self.curl("", "--unix-socket", str(path), url="http://localhost/hello").status, 200)
        self.assertIn(f"the inherited socket spare on 127.0.0.1:{spare_port} fits no listener", self.gateway.output())
        with socket.socket() as client:
            self.assertNotEqual(client.connect_ex(("127.0.0.1", spare_port)), 0)
        self.gateway.send(signal.SIGTERM)
        self.assertEqual(self.gateway.wait(), 0)
        self.assertTrue(path.exists(), "the file is the supervisor's")

    def test_connections_wait_while_the_gateway_restarts(self):
        kept = self.listening()
        self.addCleanup(kept.close)
        port = kept.getsockname()[1]
        self.config.write_text(self.text(HELLO))
        for _ in range(2):
            with socket.create_connection(("127.0.0.1", port)) as early:
                early.sendall(b"GET /hello HTTP/1.1\r\nHost: a.example\r\nConnection: close\r\n\r\n")
                self.hand_over([kept], ["web"])
                self.assertIn(b"200 OK", early.makefile("rb").read())
            self.gateway.send(signal.SIGTERM)
            self.assertEqual(self.gateway.wait(), 0)

    def test_the_supervisor_is_told_how_the_gateway_is(self):
        path = self.folder / "notify.sock"
        with socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as supervisor, self.listening() as kept:
            supervisor.bind(str(path))
            supervisor.settimeout(60)
            self.config.write_text(self.text(HELLO))
            self.hand_over([kept], ["web"], NOTIFY_SOCKET=str(path))

            self.assertRegex(supervisor.recv(999), rb"^READY=1\nSTATUS=serves ")
            self.reload()
            self.assertRegex(supervisor.recv(999), rb"^RELOADING=1\nMONOTONIC_USEC=\d+$")
            self.assertRegex(supervisor.recv(999), rb"^READY=1\n")
            self.gateway.send(signal.SIGTERM)
            self.assertRegex(supervisor.recv(999), rb"^STOPPING=1\n")

    @unittest.skipUnless(shutil.which("systemd-socket-activate"), "needs Debian's systemd")
    def test_systemd_hands_them_over(self):
        port = unused_port()
        self.config.write_text(self.text(HELLO))
        activator = GatewayProcess(["systemd-socket-activate", f"--listen=127.0.0.1:{port}", "--fdname=web", BINARY, "run",
                                    self.config], owner=self)
        activator.says("Listening on")

        self.assertEqual(self.curl("", url=f"http://127.0.0.1:{port}/hello").status, 200)


class Passthrough(Listeners):
    def service(self, name):
        """A TLS service with a certificate of its own that answers with its name; its port."""
        folder = self.folder / name
        folder.mkdir()
        (folder / "who").write_text(name)
        subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                        "-keyout", folder / "key.pem", "-out", folder / "cert.pem", "-days", "2", "-subj",
                        f"/CN={name}", "-addext", f"subjectAltName=DNS:{name}"], check=True, capture_output=True)
        service = Running(["openssl", "s_server", "-accept", "127.0.0.1:0", "-cert", "cert.pem", "-key", "key.pem",
                           "-WWW"], owner=self, cwd=folder)
        return int(service.says(r"ACCEPT 127\.0\.0\.1:(\d+)").group(1))

    def ask(self, port, name, certificate):
        return subprocess.run(["curl", "-sS", "-m", "60", "--resolve", f"{name}:{port}:127.0.0.1", "--cacert",
                               self.folder / certificate / "cert.pem", f"https://{name}:{port}/who"],
                              capture_output=True, text=True)

    def test_curl_meets_the_certificate_of_the_service_that_it_asked_for(self):
        names = ("shop.example", "blog.example")
        ports = {name: self.service(name) for name in names}
        upstreams = ", ".join(f'{name.split(".")[0]}: {{url: "http://127.0.0.1:{port}"}}' for name, port in ports.items())
        rules = ", ".join(f'{{sni: {name}, to: {name.split(".")[0]}}}' for name in names)
        text = self.text("  - {name: all, match: {path: /**}, respond: 404}")
        self.config.write_text(text.replace("listeners: {web:", f'listeners: {{tls: {{bind: "127.0.0.1:0", '
                                            f"passthrough: [{rules}]}}, web:")
                               .replace("upstreams:\n", "upstreams:\n  " + upstreams.replace("}, ", "}\n  ") + "\n"))
        self.start()
        port = int(self.gateway.says(r"tls on port (\d+)").group(1))

        for name in names:
            answer = self.ask(port, name, name)
            self.assertEqual((answer.returncode, answer.stdout), (0, name), answer.stderr)
        wrong = self.ask(port, "other.example", "shop.example")
        self.assertEqual(wrong.returncode, 35, "curl: the handshake failed")
        self.assertIn("unrecognized name", wrong.stderr)
        self.assertEqual(self.metric("sluice_connections_rejected_total", listener="tls", reason="sni"), 1)


@unittest.skipUnless(shutil.which("haproxy"), "needs Debian's haproxy")
class ProxyProtocol(Listeners):
    def haproxy(self, bind, *lines):
        """HAProxy in front of, or behind, the gateway; its port."""
        port = unused_port()
        config = self.folder / "haproxy.cfg"
        config.write_text(f"""
defaults
  mode tcp
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind 127.0.0.1:{port} {bind}
""" + "".join(f"  {line}\n" for line in lines))
        Running(["haproxy", "-db", "-f", config], owner=self)
        eventually(lambda: subprocess.run(["curl", "-s", "-o", "/dev/null", "-m", "2", f"telnet://127.0.0.1:{port}"],
                                          stdin=subprocess.DEVNULL).returncode != 7, "HAProxy listens")
        return port

    def test_curl_tells_its_address(self):
        self.serve_listeners('proxied: {bind: "127.0.0.1:0", proxy_protocol: {from: [127.0.0.1]}}')
        port = int(self.gateway.says(r"proxied on port (\d+)").group(1))

        answer = self.curl("", "--haproxy-protocol", url=f"http://127.0.0.1:{port}/hello")
        without = subprocess.run(["curl", "-s", "-m", "30", f"http://127.0.0.1:{port}/hello"])

        self.assertEqual(answer.status, 200)
        self.assertIn(without.returncode, (52, 56), "curl: an empty reply, or a reset")
        self.assertEqual(self.metric("sluice_connections_rejected_total", listener="proxied",
                                     reason="proxy_protocol"), 1)

    def test_haproxy_in_front_tells_the_clients_address(self):
        self.serve_listeners('proxied: {bind: "127.0.0.1:0", proxy_protocol: {from: [127.0.0.1]}}')
        port = int(self.gateway.says(r"proxied on port (\d+)").group(1))
        for version in ("send-proxy", "send-proxy-v2"):
            front = self.haproxy("", "default_backend out", "backend out",
                                 f"server sluice 127.0.0.1:{port} {version}")
            seen = len(self.logged_clients())

            answer = self.curl("", "--interface", "127.0.0.77", url=f"http://127.0.0.1:{front}/hello")

            self.assertEqual(answer.status, 200, version)
            eventually(lambda: self.logged_clients()[seen:] == ["127.0.0.77"], f"the client's address, {version}")

    def test_haproxy_in_front_over_a_unix_socket_with_checks(self):
        path = self.folder / "web.sock"
        self.serve_listeners(f'proxied: {{bind: "unix:{path}", proxy_protocol: {{from: unix}}}}')
        front = self.haproxy("", "default_backend out", "backend out",
                             f"server sluice unix@{path} send-proxy-v2 check check-send-proxy inter 100ms")

        answer = self.curl("", "--interface", "127.0.0.78", url=f"http://127.0.0.1:{front}/hello")

        self.assertEqual(answer.status, 200)
        eventually(lambda: "127.0.0.78" in self.logged_clients(), "the client's address")

    def test_haproxy_behind_is_told_the_clients_address(self):
        for version in ("v1", "v2"):
            port = self.haproxy("accept-proxy", "mode http", "http-request return status 200 content-type text/plain "
                                "lf-string %[src]")
            self.config.write_text("\n".join(
                line for line in self.text("  - {name: all, match: {path: /**}, to: behind}").split("\n")
                if not line.startswith(("upstreams:", "  hello:", "  users:"))) +
                f'upstreams: {{behind: {{url: "http://127.0.0.1:{port}", proxy_protocol: {version}}}}}')
            self.start()

            for _ in range(3):
                self.assertEqual(self.curl("/", "--interface", "127.0.0.79").body, b"127.0.0.79", version)
            self.gateway.end()


if __name__ == "__main__":
    unittest.main()
