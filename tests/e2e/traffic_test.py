# SPDX-License-Identifier: Apache-2.0
"""Real clients (curl, wrk, Node's fetch) through the gateway to the real services."""
import hashlib
import os
import subprocess
import unittest
from pathlib import Path

from harness import SERVICES, Case, Running, hello, unused_port

ROUTES = """
  - {name: hello, match: {path: /hello}, to: hello}
  - {name: tools, match: {path: /tools/**}, use: [{rewrite: {prefix: /}}], to: hello}
  - {name: users, match: {path: /users/**, method: [GET, POST]}, to: users}
  - {name: moved, match: {path: /moved}, redirect: {to: /hello}}
  - {name: fixed, match: {path: /fixed}, respond: {status: 200, json: {ok: true}}}
"""


class Traffic(Case):
    def setUp(self):
        super().setUp()
        self.serve(ROUTES, more="use: [{request_id: {}}, {headers: {response: {set: {X-Served-By: sluice}}}}]")

    def test_says_hello_through_the_gateway(self):
        answer = self.curl("/hello?name=Ada")

        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.json(), {"message": "Hello, Ada!"})
        self.assertEqual(answer["content-type"], "application/json")
        self.assertEqual(answer["x-served-by"], "sluice")
        self.assertRegex(answer["x-request-id"], r"^[0-9a-f-]{36}$")
        self.assertIn("sluice", answer["via"])

    def test_shows_the_service_a_clean_request(self):
        answer = self.curl("/tools/headers?a=1&b=%2F", "-H", "X-Mine: kept", "-H", "Connection: X-Secret",
                           "-H", "X-Secret: gone", "-H", "X-Forwarded-For: 9.9.9.9", "-H", "Keep-Alive: timeout=5")
        seen = answer.json()
        fields = {name.lower(): value for name, value in seen["headers"]}

        self.assertEqual(seen["path"], "/headers?a=1&b=%2F")
        self.assertEqual(fields["x-mine"], "kept")
        self.assertEqual(fields["host"], f"127.0.0.1:{self.port}")
        self.assertEqual(fields["x-forwarded-for"], "127.0.0.1")
        self.assertEqual(fields["x-request-id"], answer["x-request-id"])
        self.assertIn("sluice", fields["via"])
        self.assertEqual({"x-secret", "keep-alive", "connection"} & set(fields), set())

    def test_carries_a_body_with_a_length_and_in_chunks(self):
        body = os.urandom(1 << 20)
        file = self.folder / "body"
        file.write_bytes(body)

        for how in ((), ("-H", "Transfer-Encoding: chunked"), ("-H", "Expect: 100-continue")):
            answer = self.curl("/tools/echo", "--data-binary", f"@{file}", "-H", "Content-Type: x/test", *how)
            self.assertEqual(answer.status, 200, how)
            self.assertEqual(hashlib.sha256(answer.body).hexdigest(), hashlib.sha256(body).hexdigest(), how)

    def test_streams_a_response_of_unknown_length(self):
        answer = self.curl("/tools/stream?parts=1000")

        self.assertEqual(answer.body.decode().split("\n")[999], "part 999")
        self.assertEqual(answer["transfer-encoding"], "chunked")
        self.assertEqual(answer["content-length"], "")

    def test_keeps_the_connection_of_the_client(self):
        result = subprocess.run(["curl", "-sS", "-w", "%{num_connects}\\n", "-o", "/dev/null", self.url("/hello"),
                                 "-o", "/dev/null", self.url("/users/1"), "-o", "/dev/null", self.url("/nowhere")],
                                capture_output=True, text=True)

        self.assertEqual(result.stdout.split(), ["1", "0", "0"], result.stderr)

    def test_closes_when_the_client_asks_for_it(self):
        self.assertEqual(self.curl("/hello", "-H", "Connection: close")["connection"].lower(), "close")
        self.assertEqual(self.curl("/hello", "--http1.0").status, 200)

    def test_refuses_what_no_route_takes_and_says_why(self):
        answer = self.curl("/nowhere")

        self.assertEqual(answer.status, 404)
        self.assertEqual(answer["content-type"], "application/problem+json")
        self.assertEqual(answer.json()["reason"], "no_route")

    def test_names_the_methods_that_a_path_allows(self):
        answer = self.curl("/users/1", "-X", "DELETE")

        self.assertEqual(answer.status, 405)
        self.assertEqual({m.strip() for m in answer["allow"].split(",")} & {"GET", "POST", "DELETE"}, {"GET", "POST"})

    def test_answers_head_without_a_body_but_with_its_length(self):
        length = self.curl("/hello")["content-length"]
        answer = self.curl("/hello", "-I")

        self.assertEqual((answer.status, answer.body, answer["content-length"]), (200, b"", length))

    def test_redirects_itself_and_passes_on_the_redirect_of_a_service(self):
        self.assertEqual(self.curl("/moved").status, 302)
        self.assertEqual(self.curl("/moved", "-L").report["num_redirects"], 1)
        answer = self.curl("/tools/old")
        self.assertEqual((answer.status, answer["location"]), (302, "/hello"))

    def test_answers_a_fixed_response_itself(self):
        answer = self.curl("/fixed")
        self.assertEqual((answer.status, answer.json()), (200, {"ok": True}))

    def test_serves_a_second_service_beside_the_first(self):
        made = self.curl("/users", "-d", '{"name": "Linus"}')

        self.assertEqual(made.status, 201)
        self.assertEqual(self.curl(f"/users/{made.json()['id']}").json()["name"], "Linus")
        self.assertEqual(self.curl("/users/none").status, 404)

    def test_refuses_a_path_that_means_two_things(self):
        for path in ("/hello/..%2f..%2fetc", "/hello%00", "/a/%2e%2e/b%5cc"):
            self.assertEqual(self.curl(path).status, 400, path)
        self.assertEqual(self.curl("/users/../hello").status, 200)

    def test_serves_many_connections_at_once(self):
        self.wrk("/users/1", connections=64)

    def test_satisfies_fetch(self):
        script = Path(__file__).with_name("fetch.mjs")
        result = subprocess.run(["node", script, self.url("")], capture_output=True, text=True, timeout=120)

        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)


class Trouble(Case):
    def test_names_the_upstream_that_does_not_answer(self):
        upstream = f'upstreams: {{down: {{targets: ["http://127.0.0.1:{unused_port()}"]}}}}'
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
{upstream}
routes: [{{name: down, match: {{path: /**}}, to: down}}]
""")
        self.start()

        answer = self.curl("/")
        self.assertEqual((answer.status, answer.json()["reason"]), (502, "upstream_connect_failed"))

    def test_names_the_timeout_that_ended_a_slow_request(self):
        self.serve("  - {name: slow, match: {path: /slow}, to: hello, timeouts: {first_byte: 100ms}}")

        answer = self.curl("/slow?seconds=3")
        self.assertEqual((answer.status, answer.json()["reason"]), (504, "timeout_first_byte"))

    def test_refuses_a_body_beyond_the_limit(self):
        self.config.write_text(self.text("  - {name: all, match: {path: /**}, to: hello}").replace(
            '"127.0.0.1:0"}}', '"127.0.0.1:0", limits: {body: 1KiB}}}', 1))
        self.start()

        answer = self.curl("/echo", "--data-binary", "x" * 2048)
        self.assertEqual((answer.status, answer.json()["reason"]), (413, "body_too_large"))
        self.assertIn("the limit of 1024 bytes", answer.json()["detail"])
        self.assertEqual(self.curl("/echo", "--data-binary", "x" * 1024).status, 200)

    def test_works_with_a_service_that_closes_every_connection(self):
        # A sync worker of gunicorn answers each request with Connection: close.
        service = Running(["gunicorn", "--chdir", SERVICES, "--bind", "127.0.0.1:0", "hello:app"], owner=self)
        port = int(service.says(r"Listening at: http://127\.0\.0\.1:(\d+)").group(1))
        self.config.write_text(self.text("  - {name: all, match: {path: /**}, to: hello}").replace(
            f":{hello()}\"", f":{port}\""))
        self.start()

        for _ in range(50):
            self.assertEqual(self.curl("/hello").status, 200)
        self.wrk("/hello", seconds=1, connections=4)


if __name__ == "__main__":
    unittest.main()
