# SPDX-License-Identifier: Apache-2.0
"""Real WebSockets (Node's ws as client, Python's websockets as service) through the gateway."""
import json
import os
import subprocess
import unittest
from pathlib import Path

from harness import PATIENCE, Case, Running, chat, eventually

ROUTES = "  - {name: chat, match: {path: /chat/**}, to: chat}\n  - {name: hello, match: {path: /**}, to: hello}"
CLIENT = Path(__file__).with_name("ws.cjs")
# Where Debian keeps Node's modules.
ENVIRONMENT = {**os.environ, "NODE_PATH": "/usr/share/nodejs"}


class WebSocket(Case):
    def setUp(self):
        super().setUp()
        self.serve(ROUTES)

    def text(self, routes, **options):
        text = super().text(routes, **options)
        return text.replace("upstreams:\n", f'upstreams:\n  chat: {{targets: ["http://127.0.0.1:{chat()}"]}}\n')

    def command(self, what, count=1):
        return ["node", CLIENT, what, f"ws://127.0.0.1:{self.port}/chat", str(count)]

    def client(self, what, count=1):
        result = subprocess.run(self.command(what, count), capture_output=True, text=True, timeout=PATIENCE,
                                env=ENVIRONMENT)
        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_passes_a_thousand_messages_while_the_gateway_reloads_twenty_times(self):
        client = Running(self.command("echo", 1000), owner=self, env=ENVIRONMENT)
        for number in range(20):
            client.says(f"passed {number * 50}\n")
            self.config.write_text(self.text(ROUTES.replace("hello,", f"hello-{number},")))
            self.reload()
        client.says("well")

        self.assertEqual(self.metric("sluice_config_reloads_total", result="ok"), 20)
        eventually(lambda: self.metric("sluice_config_generations_alive") == 1, "the end of the old configurations")
        self.assertEqual(self.metric("sluice_requests_total", route="chat", code_class="1xx"), 1)
        line = eventually(self.chat_line, "the line of the WebSocket")
        self.assertEqual((line["status"], line["reason"], line["route"]), (101, "", "chat"))
        self.assertGreater(line["bytes_in"], 1000 * len("message 1"))

    def test_passes_a_websocket_over_http_2(self):
        both = 'bind: "127.0.0.1:0", protocols: [h1, h2]'
        self.config.write_text(self.text(ROUTES).replace('bind: "127.0.0.1:0"', both, 1))
        self.gateway.end()
        self.start()
        script = Path(__file__).with_name("h2_ws.mjs")
        result = subprocess.run(["node", script, f"http://127.0.0.1:{self.port}", "/chat/h2", "200"],
                                capture_output=True, text=True, timeout=PATIENCE)

        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)
        line = eventually(self.chat_line, "the line of the WebSocket")
        self.assertEqual((line["protocol"], line["status"], line["reason"]), ("HTTP/2", 101, ""))

    def chat_line(self):
        lines = [json.loads(line) for line in self.access_log.read_text().split("\n") if line]
        return next((line for line in lines if line["status"] == 101), None)

    def test_passes_the_close_code_of_the_service(self):
        self.client("bye")

        eventually(lambda: self.metric("sluice_websockets", route="chat") == 0, "the end of the WebSocket")

    def test_passes_large_messages(self):
        self.client("big")

    def test_passes_many_at_once(self):
        self.client("many", 200)

        eventually(lambda: self.metric("sluice_stream_duration_seconds_count", kind="websocket") == 200, "200 ends")

    def test_passes_the_refusal_of_a_plain_request(self):
        answer = self.curl("/chat/room")

        self.assertEqual(answer.status, 426)
        self.assertEqual(self.curl("/hello").status, 200)

    def test_refuses_an_unknown_version(self):
        answer = self.curl("/chat/room", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
                           "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "-H", "Sec-WebSocket-Version: 12")

        self.assertEqual((answer.status, answer.json()["reason"]), (426, "upgrade_required"))
        self.assertEqual(self.metric("sluice_websockets"), 0)

    def test_serves_curls_attempt_at_h2c_as_a_plain_request(self):
        answer = self.curl("/hello", "--http2")

        self.assertEqual(answer.status, 200)
        self.assertIn(b"Hello", answer.body)


class ToHttp2(WebSocket):
    """The same clients, and a service that speaks HTTP/2 alone."""

    def setUp(self):
        script = Path(__file__).with_name("h2_ws_service.mjs")
        self.service = Running(["node", script], owner=self).says(r"on port (\d+)").group(1)
        super().setUp()

    def text(self, routes, **options):
        text = Case.text(self, routes, **options)
        return text.replace("upstreams:\n", f'upstreams:\n  chat: {{url: "http://127.0.0.1:{self.service}", protocol: h2}}\n')

    test_serves_curls_attempt_at_h2c_as_a_plain_request = None

    def test_tells_the_client_when_the_service_does_not_offer_it(self):
        script = Path(__file__).with_name("h2_ws_service.mjs")
        self.service = Running(["node", script, "off"], owner=self).says(r"on port (\d+)").group(1)
        self.config.write_text(self.text(ROUTES))
        self.reload()

        answer = self.curl("/chat/room", "-H", "Connection: Upgrade", "-H", "Upgrade: websocket",
                           "-H", "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==", "-H", "Sec-WebSocket-Version: 13")

        self.assertEqual((answer.status, answer.json()["reason"]), (502, "upgrade_unsupported"))


if __name__ == "__main__":
    unittest.main()
