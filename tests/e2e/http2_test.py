# SPDX-License-Identifier: Apache-2.0
"""Real clients of HTTP/2 (curl, nghttp, h2load, Node) through the gateway."""
import functools
import json
import subprocess
import unittest
from pathlib import Path

from harness import PATIENCE, Case, Running, eventually

HERE = Path(__file__).parent
ROUTES = """  - {name: hello, match: {path: /hello/**}, to: service}
  - {name: rest, match: [{path: /echo}, {path: /hints}, {path: /trailers}, {path: /slow}], to: service}"""


@functools.cache
def service():
    return Running(["node", HERE / "h2_service.mjs"]).says(r"on port (\d+)").group(1)


def output_of(*command):
    result = subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=PATIENCE)
    if result.returncode != 0:
        raise AssertionError(f"{command[0]} ended with {result.returncode}:\n{result.stdout}{result.stderr}")
    return result.stdout


class Http2(Case):
    def setUp(self):
        super().setUp()
        self.serve(ROUTES)

    def text(self, routes, **options):
        text = super().text(routes, **options)
        text = text.replace("upstreams:\n", f'upstreams:\n  service: {{targets: ["http://127.0.0.1:{service()}"]}}\n')
        return text.replace('listeners: {web: {bind: "127.0.0.1:0"}}',
                            'listeners: {web: {bind: "127.0.0.1:0", protocols: [h1, h2]}}')

    def test_serves_curl(self):
        prior = ["curl", "-sS", "--http2-prior-knowledge"]

        self.assertIn("HTTP/2 200", output_of(*prior, "-i", self.url("/hello")))
        self.assertEqual(output_of(*prior, "--data-binary", "x" * 100_000, self.url("/echo")), "x" * 100_000)
        self.assertIn("HTTP/1.1 200", output_of("curl", "-sS", "-i", "--http2", self.url("/hello")))
        eventually(lambda: sorted(self.protocols()) == ["HTTP/1.1", "HTTP/2", "HTTP/2"], "the lines of the access log")

    def protocols(self):
        return [json.loads(line)["protocol"] for line in self.access_log.read_text().split("\n") if line]

    def test_serves_nghttp(self):
        said = output_of("nghttp", "-v", "-m", "20", self.url("/hints"), self.url("/trailers"))

        self.assertIn(":status: 103", said)
        self.assertIn("x-sum: 42", said)
        self.assertNotIn("RST_STREAM", said)

    def test_serves_h2load(self):
        said = output_of("h2load", "-n", "5000", "-c", "8", "-m", "32", self.url("/hello"))

        self.assertIn("5000 succeeded, 0 failed, 0 errored, 0 timeout", said)
        eventually(lambda: self.metric("sluice_connections", protocol="h2") == 0, "the end of the connections")

    def test_serves_node(self):
        self.assertIn("well", output_of("node", HERE / "h2.mjs", self.url("")))

    def test_reloads_without_a_lost_request(self):
        load = Running(["h2load", "-D", "3", "-c", "4", "-m", "8", self.url("/hello")], owner=self)
        eventually(lambda: (self.metric("sluice_requests_total", route="hello") or 0) > 100, "requests")
        for _ in range(5):
            self.reload()
        load.wait()

        self.assertIn(" 0 failed, 0 errored, 0 timeout", load.output())


if __name__ == "__main__":
    unittest.main()
