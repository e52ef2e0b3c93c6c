# SPDX-License-Identifier: Apache-2.0
"""The access log as log records for a collector of OpenTelemetry, which is a stand-in with a script."""
import re
import signal
import sys
import unittest
from pathlib import Path

from fake_collector import FakeCollector
from harness import Case, Running, eventually, unused_port

ROUTES = """  - {name: hello, match: {path: /hello}, to: hello}
  - {name: ping, match: {path: "/ping/**"}, respond: {status: 200, body: pong}}"""
TRACEPARENT = "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"


class Otlp(Case):
    def collect(self, settings="", port=None, log=""):
        """A gateway whose log goes to a collector, which is started unless its port is given."""
        if port is None:
            self.collector = self.collector_at(0)
            port = self.collector.port
        otlp = f"{{otlp: {{endpoint: \"http://127.0.0.1:{port}\", interval: 100ms{settings}}}{log}}}"
        self.config.write_text(re.sub(r"access_log: .*", f"access_log: {otlp}", self.text(ROUTES)))
        return self.start()

    def collector_at(self, port):
        collector = FakeCollector(port)
        self.addCleanup(collector.close)
        return collector

    def records(self, count):
        return eventually(lambda: len(r := self.collector.records()) >= count and r, f"{count} records")

    def dropped(self, reason):
        return self.metric("sluice_log_dropped_total", sink="access_log", reason=reason)

    def test_sends_a_record_for_each_request(self):
        self.collect(", service_name: edge, resource: {deployment.environment.name: test}, headers: {x-key: abc}")
        self.curl("/hello?name=Ada&token=abc", "-H", f"traceparent: {TRACEPARENT}", "-H", "User-Agent: e2e")
        self.curl("/missing")

        first, second = sorted(self.records(2), key=lambda r: r["attributes"]["url.path"])
        self.assertEqual(first["body"]["stringValue"], "GET /hello 200")
        self.assertEqual((first["severityText"], second["severityText"]), ("INFO", "WARN"))
        self.assertEqual(first["traceId"], "4bf92f3577b34da6a3ce929d0e0e4736")
        self.assertEqual(first["spanId"], "00f067aa0ba902b7")
        self.assertNotIn("traceId", second)
        expected = {"http.request.method": "GET", "http.response.status_code": "200", "url.scheme": "http",
                    "url.query": "name=Ada&token=REDACTED", "server.address": "127.0.0.1",
                    "client.address": "127.0.0.1", "user_agent.original": "e2e",
                    "network.protocol.version": "1.1", "sluice.route": "hello", "sluice.upstream": "hello"}
        self.assertEqual({key: first["attributes"][key] for key in expected}, expected)
        self.assertEqual(second["attributes"]["error.type"], second["attributes"]["sluice.reason"])
        path, fields, _, _ = self.collector.requests[0]
        self.assertEqual(path, "/v1/logs")
        self.assertEqual(fields["Content-Type"], "application/json")
        self.assertEqual(fields["x-key"], "abc")
        self.assertEqual(self.collector.resource()["service.name"], "edge")
        self.assertEqual(self.collector.resource()["deployment.environment.name"], "test")

    def test_tries_again_when_the_collector_asks_for_patience(self):
        self.collect()
        self.collector.answers = [(503, {}, ""), (429, {"Retry-After": "1"}, "")]
        self.curl("/ping/1")

        self.records(1)
        self.gateway.says("takes records again")
        self.assertEqual(len(self.collector.requests), 3)
        self.assertEqual(self.dropped("refused") + self.dropped("unreachable"), 0)

    def test_counts_what_the_collector_does_not_want(self):
        self.collect()
        self.collector.answers = [(400, {}, "{}")]
        self.curl("/ping/1")
        eventually(lambda: self.dropped("refused") == 1, "the record that was refused is counted")
        self.gateway.says("answers with status 400")
        self.collector.answers = [(200, {}, '{"partialSuccess": {"rejectedLogRecords": "1", "errorMessage": "too old"}}')]
        self.curl("/ping/2")

        eventually(lambda: self.dropped("refused") == 2, "so is that of a part")
        self.gateway.says("does not take some records: too old")
        self.assertEqual(len(self.collector.requests), 2)

    def test_finds_a_collector_that_comes_later(self):
        port = unused_port()
        self.collect(port=port)
        self.curl("/ping/1")
        self.gateway.says(rf"access log: http://127.0.0.1:{port}/v1/logs cannot be asked: Connection refused")
        self.assertEqual(self.curl("/ping/2").status, 200)
        self.collector = self.collector_at(port)

        self.records(2)

    def test_gives_up_in_the_end(self):
        self.collect(", retry_for: 1s", port=unused_port())
        self.curl("/ping/1")

        eventually(lambda: self.dropped("unreachable") == 1, "the record that waited too long is counted")

    def test_serves_on_while_the_collector_hangs(self):
        self.collect(", batch: 10", log=", buffer: 256KiB")
        self.collector.holding.clear()
        self.wrk("/ping/1", seconds=1)

        eventually(lambda: self.dropped("full") > 0, "lines without room are counted")
        self.assertEqual(self.curl("/ping/1").status, 200)
        self.collector.holding.set()

    def test_sends_what_it_has_before_it_ends(self):
        self.collect()
        for i in range(20):
            self.curl(f"/ping/{i}")
        self.gateway.send(signal.SIGTERM)

        self.assertEqual(self.gateway.wait(), 0)
        self.assertEqual(len(self.collector.records()), 20)

    def test_moves_to_a_collector_at_a_reload(self):
        self.serve(ROUTES)
        self.curl("/ping/1")
        eventually(lambda: self.access_log.exists() and self.access_log.read_text().count("\n") == 1, "a line")
        self.collector = self.collector_at(0)
        self.config.write_text(self.config.read_text().replace(
            f"{{format: json, to: {self.access_log}}}", f"{{otlp: \"http://127.0.0.1:{self.collector.port}/x\"}}"))
        self.reload()
        self.curl("/ping/2")

        self.assertEqual(self.records(1)[0]["attributes"]["url.path"], "/ping/2")
        self.assertEqual(self.collector.requests[0][0], "/x")

    def test_holds_up_no_reload(self):
        self.collect(", batch: 1")
        self.collector.holding.clear()
        self.curl("/ping/1")
        self.records(1)  # its answer is held, so that the next ones wait
        self.curl("/ping/2")
        self.curl("/ping/3")
        self.config.write_text(re.sub(r"access_log: .*", f"access_log: {{format: json, to: {self.access_log}}}",
                                      self.config.read_text()))
        self.reload()
        self.collector.holding.set()

        self.records(3)
        self.assertEqual(self.dropped("unwritten"), 0)

    def test_looks_its_collector_up_where_a_reload_says(self):
        zone = self.folder / "zone.json"
        zone.write_text('{"collector.test": {"a": ["127.0.0.1"]}}')
        dns = Running([sys.executable, Path(__file__).with_name("fake_dns.py"), zone, 0], owner=self)
        nameserver = dns.says(r"on (127\.0\.0\.1:\d+)").group(1)
        silent = f"127.0.0.1:{unused_port()}"
        self.collector = self.collector_at(0)
        self.config.write_text(re.sub(
            r"access_log: .*", f"access_log: {{otlp: \"http://collector.test:{self.collector.port}\"}}\n"
            f"resolver: {{nameservers: \"{silent}\"}}", self.text(ROUTES)))
        self.start()
        self.config.write_text(self.config.read_text().replace(silent, nameserver))
        self.reload()
        self.curl("/ping/1")

        self.assertEqual(self.records(1)[0]["attributes"]["url.path"], "/ping/1")


if __name__ == "__main__":
    unittest.main()
