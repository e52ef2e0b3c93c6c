# SPDX-License-Identifier: Apache-2.0
"""Unix sockets and the PROXY protocol, with curl and HAProxy as the ones who speak them."""
import json
import shutil
import signal
import socketserver
import subprocess
import threading
import unittest
from http.server import BaseHTTPRequestHandler

from harness import Case, Running, eventually, unused_port

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

        second = Running(self.gateway.popen.args, owner=self)

        self.assertNotEqual(second.wait(), 0)
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


@unittest.skipUnless(shutil.which("haproxy"), "needs Debian's haproxy")
class ProxyProtocol(Listeners):
    def haproxy(self, frontend, backend):
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
  bind 127.0.0.1:{port} {frontend}
  default_backend out
backend out
  {backend}
""")
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
            front = self.haproxy("", f"server sluice 127.0.0.1:{port} {version}")
            seen = len(self.logged_clients())

            answer = self.curl("", "--interface", "127.0.0.77", url=f"http://127.0.0.1:{front}/hello")

            self.assertEqual(answer.status, 200, version)
            eventually(lambda: self.logged_clients()[seen:] == ["127.0.0.77"], f"the client's address, {version}")

    def test_haproxy_in_front_over_a_unix_socket_with_checks(self):
        path = self.folder / "web.sock"
        self.serve_listeners(f'proxied: {{bind: "unix:{path}", proxy_protocol: {{from: unix}}}}')
        front = self.haproxy("", f"server sluice unix@{path} send-proxy-v2 check check-send-proxy inter 100ms")

        answer = self.curl("", "--interface", "127.0.0.78", url=f"http://127.0.0.1:{front}/hello")

        self.assertEqual(answer.status, 200)
        eventually(lambda: "127.0.0.78" in self.logged_clients(), "the client's address")


if __name__ == "__main__":
    unittest.main()
