# SPDX-License-Identifier: Apache-2.0
"""HTTP/2 chosen by ALPN, by real clients and between two gateways; upgrades where a target would choose HTTP/2."""
import json
import os
import subprocess
import unittest
from pathlib import Path

from harness import BINARY, PATIENCE, Case, GatewayProcess, chat, eventually, hello, sluice, unused_port

CLIENT = Path(__file__).with_name("ws.cjs")


class TlsAndHttp2(Case):
    """An outer gateway before an inner one, which speaks TLS alone."""

    def setUp(self):
        super().setUp()
        result = sluice("dev-cert", "--dir", self.folder / "certs", "localhost", "127.0.0.1")
        self.assertEqual(result.returncode, 0, result.stderr)

    def tls(self):
        return "tls: {certs: [{cert: certs/localhost.pem, key: certs/localhost.key}]}"

    def serve_both(self, inner="", outer="", upstream=""):
        port = unused_port()
        self.inner_log = self.folder / "inner.log"
        target = self.folder / "inner.yaml"
        target.write_text(f"""version: 1
listeners: {{inner: {{bind: "127.0.0.1:{port}", {inner} {self.tls()}}}}}
admin: {{bind: "127.0.0.1:0"}}
upstreams: {{hello: {{url: "http://127.0.0.1:{hello()}"}}, chat: {{url: "http://127.0.0.1:{chat()}"}}}}
routes:
  - {{name: chat, match: {{path: /chat/**}}, to: chat}}
  - {{name: all, match: {{path: /**}}, to: hello}}
access_log: {{format: json, to: {self.inner_log}}}
shutdown: {{pre_stop: 0s, grace: 20s}}
""")
        GatewayProcess([BINARY, "run", target], owner=self).says(r"inner on port")
        self.config.write_text(f"""version: 1
workers: 1
listeners:
  web: {{bind: "127.0.0.1:0", {outer} {self.tls()}}}
  plain: {{bind: "127.0.0.1:0"}}
admin: {{bind: "127.0.0.1:0"}}
upstreams: {{inner: {{url: "https://localhost:{port}", {upstream} tls: {{ca: certs/ca.pem}}}}}}
routes: [{{name: all, match: {{path: /**}}, to: inner}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 20s}}
""")
        self.start()
        self.plain_port = int(self.gateway.says(r"plain on port (\d+)").group(1))

    def ask(self, *options):
        answer = self.curl("", "--cacert", self.folder / "certs/ca.pem", *options,
                           url=f"https://localhost:{self.port}/hello")
        self.assertEqual(answer.report["response_code"], 200)
        return answer.report["http_version"]

    def inner_protocols(self, count):
        def lines():
            found = [json.loads(line) for line in self.inner_log.read_text().split("\n") if line]
            return found if len(found) >= count else None
        return [line["protocol"] for line in eventually(lines, "the lines of the inner gateway")]

    def test_each_side_chooses_http_2_where_both_can(self):
        self.serve_both()

        self.assertEqual(self.ask(), "2")
        self.assertEqual(self.ask("--http1.1"), "1.1")
        self.assertEqual(self.inner_protocols(2), ["HTTP/2", "HTTP/2"])
        self.assertEqual(self.metric("sluice_upstream_connections_total", upstream="inner"), 1)

    def test_a_listener_for_http_1_alone_offers_nothing_else(self):
        self.serve_both(inner="protocols: [h1],", outer="protocols: [h1],")

        self.assertEqual(self.ask(), "1.1")
        self.assertEqual(self.inner_protocols(1), ["HTTP/1.1"])

    def test_an_upstream_for_http_1_alone_asks_for_nothing_else(self):
        self.serve_both(upstream="protocol: h1,")

        self.assertEqual(self.ask(), "2")
        self.assertEqual(self.inner_protocols(1), ["HTTP/1.1"])

    def test_a_target_that_must_speak_http_2_and_does_not_is_refused(self):
        self.serve_both(inner="protocols: [h1],", upstream="protocol: h2,")
        answer = self.curl("", "--cacert", self.folder / "certs/ca.pem", "--http1.1",
                           url=f"https://localhost:{self.port}/hello")

        self.assertEqual((answer.status, answer.json()["reason"]), (502, "upstream_tls"))

    def test_a_websocket_reaches_a_target_that_prefers_http_2(self):
        self.serve_both()
        self.assertEqual(self.ask(), "2")  # from now on the gateway knows what the target prefers
        result = subprocess.run(["node", CLIENT, "echo", f"ws://127.0.0.1:{self.plain_port}/chat", "20"],
                                capture_output=True, text=True, timeout=PATIENCE,
                                env={**os.environ, "NODE_PATH": "/usr/share/nodejs"})

        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        self.assertEqual(self.ask(), "2")
        self.assertEqual(sorted(self.inner_protocols(3)), ["HTTP/1.1", "HTTP/2", "HTTP/2"])


if __name__ == "__main__":
    unittest.main()
