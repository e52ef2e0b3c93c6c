# SPDX-License-Identifier: Apache-2.0
"""Real clients of HTTP/2 (curl, nghttp, h2load, Node) through the gateway, without and with TLS."""
import functools
import json
import os
import subprocess
import unittest
from pathlib import Path

from harness import PATIENCE, Case, Running, eventually, sluice

HERE = Path(__file__).parent
ROUTES = """  - {name: hello, match: {path: /hello/**}, to: service}
  - {name: rest, match: [{path: /echo}, {path: /hints}, {path: /trailers}, {path: /slow}], to: service}"""


@functools.cache
def service():
    return Running(["node", HERE / "h2_service.mjs"]).says(r"on port (\d+)").group(1)


class Http2(Case):
    listener = "protocols: [h1, h2]"
    curl_h2, curl_h1 = "--http2-prior-knowledge", "--http2"  # the latter would like an upgrade, and gets none
    trust = {}  # what clients find in their environment

    def setUp(self):
        super().setUp()
        self.serve(ROUTES)

    def output_of(self, *command):
        result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=PATIENCE,
                                env={**os.environ, **self.trust})
        if result.returncode != 0:
            raise AssertionError(f"{command[0]} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
        return result.stdout

    def text(self, routes, **options):
        text = super().text(routes, **options)
        text = text.replace("upstreams:\n", f'upstreams:\n  service: {{targets: ["http://127.0.0.1:{service()}"]}}\n')
        return text.replace('listeners: {web: {bind: "127.0.0.1:0"}}',
                            f'listeners: {{web: {{bind: "127.0.0.1:0", {self.listener}}}}}')

    def test_serves_curl(self):
        h2 = ["curl", "-sS", self.curl_h2]

        self.assertIn("HTTP/2 200", self.output_of(*h2, "-i", self.url("/hello")))
        self.assertEqual(self.output_of(*h2, "--data-binary", "x" * 100_000, self.url("/echo")), "x" * 100_000)
        self.assertIn("HTTP/1.1 200", self.output_of("curl", "-sS", "-i", self.curl_h1, self.url("/hello")))
        eventually(lambda: sorted(self.protocols()) == ["HTTP/1.1", "HTTP/2", "HTTP/2"], "the lines of the access log")

    def protocols(self):
        return [json.loads(line)["protocol"] for line in self.access_log.read_text().split("\n") if line]

    def test_serves_nghttp(self):
        said = self.output_of("nghttp", "-v", "-m", "20", self.url("/hints"), self.url("/trailers"))

        self.assertIn(":status: 103", said)
        self.assertIn("x-sum: 42", said)
        self.assertNotIn("RST_STREAM", said)

    def test_serves_h2load(self):
        said = self.output_of("h2load", "-n", "5000", "-c", "8", "-m", "32", self.url("/hello"))

        self.assertIn("Application protocol: h2", said)  # without TLS: h2c
        self.assertIn("5000 succeeded, 0 failed, 0 errored, 0 timeout", said)
        eventually(lambda: self.metric("sluice_connections", protocol="h2") == 0, "the end of the connections")

    def test_serves_node(self):
        self.assertIn("well", self.output_of("node", HERE / "h2.mjs", self.url("")))

    def test_reloads_without_a_lost_request(self):
        load = Running(["h2load", "-D", "3", "-c", "4", "-m", "8", self.url("/hello")], owner=self)
        eventually(lambda: (self.metric("sluice_requests_total", route="hello") or 0) > 100, "requests")
        for _ in range(5):
            self.reload()
        load.wait()

        self.assertIn(" 0 failed, 0 errored, 0 timeout", load.output())


class Http2OverTls(Http2):
    """The same clients, which choose HTTP/2 by ALPN and believe the certificate."""

    listener = "tls: {certs: {cert: certs/localhost.pem, key: certs/localhost.key}}"
    curl_h2, curl_h1 = "--http2", "--http1.1"

    def text(self, routes, **options):
        certs = self.folder / "certs"
        made = sluice("dev-cert", "--dir", certs, "localhost", "127.0.0.1")
        self.assertEqual(made.returncode, 0, made.stderr)
        self.trust = dict.fromkeys(("CURL_CA_BUNDLE", "SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS"), str(certs / "ca.pem"))
        return super().text(routes, **options)

    def url(self, path):
        return f"https://127.0.0.1:{self.port}{path}"


if __name__ == "__main__":
    unittest.main()
