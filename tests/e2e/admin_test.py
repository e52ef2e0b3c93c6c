# SPDX-License-Identifier: Apache-2.0
"""What an operator asks a running gateway, and changes without a signal."""
import json
import os
import signal
import unittest

from harness import BINARY, Case, GatewayProcess, eventually, sluice

USERS = "  - {name: users, match: {path: /users/**}, to: users}"
JSON = ("-H", "Content-Type: application/json")


class Why(Case):
    def why(self, *arguments, **options):
        return sluice("why", *arguments, "--admin", f"http://127.0.0.1:{self.admin_port}", **options)

    def test_tells_what_became_of_a_request(self):
        self.serve(USERS)
        request_id = self.curl("/nowhere").json()["instance"]

        result = self.why(request_id)

        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertIn("404 no_route", result.stdout)
        self.assertIn("docs/troubleshooting.md#no_route", result.stdout)
        told = json.loads(self.why(request_id, "--json").stdout)
        self.assertEqual((told["reason"], told["path"], told["status"]), ("no_route", "/nowhere", 404))

    def test_tells_of_attempts_that_failed(self):
        self.config.write_text(self.text("  - {name: gone, match: {path: /**}, to: gone}").replace(
            "upstreams:", "upstreams:\n  gone: {targets: [\"http://127.0.0.1:9\"]}"))
        self.start()
        request_id = self.curl("/x").json()["instance"]

        told = self.why(request_id).stdout

        self.assertRegex(told, r"attempt 1 +127\.0\.0\.1:9 +upstream_connect_failed after ")
        self.assertRegex(told, r"route +gone   \(.*sluice\.yaml:\d+:\d+\)")
        self.assertRegex(told, r"timeout +connect +2s   \(default\)")

    def test_exchanges_the_token_by_a_reload(self):
        old, new = "0123456789abcdef", "fedcba9876543210"

        def write(token):
            self.config.write_text(self.text(USERS).replace(
                'admin: {bind: "127.0.0.1:0"}', f'admin: {{bind: "127.0.0.1:0", token: {token}}}'))

        def status(token):
            url = f"http://127.0.0.1:{self.admin_port}/listeners"
            return self.curl("", "-H", f"Authorization: Bearer {token}", url=url).status

        write(old)
        self.start()
        self.assertEqual([status(old), status(new)], [200, 401])
        write(new)
        self.gateway.send(signal.SIGHUP)
        self.gateway.says("yaml reloaded")
        self.assertEqual([status(old), status(new)], [401, 200])
        self.assertNotIn("with a restart only", self.gateway.output())

    def test_lists_the_last_failures(self):
        self.serve(USERS)
        ids = [self.curl("/nowhere").json()["instance"] for _ in range(3)]

        listed = json.loads(self.why().stdout)["failures"]

        self.assertEqual([f["request_id"] for f in listed], ids[::-1])

    def test_says_that_nothing_is_known(self):
        self.serve(USERS)
        result = self.why("never-seen")

        self.assertEqual(result.returncode, 1)
        self.assertIn("Nothing is known", result.stderr)

    def test_says_that_nobody_answers(self):
        result = sluice("why", "x", "--admin", "http://127.0.0.1:1")
        self.assertEqual(result.returncode, 2)
        self.assertIn("does not answer", result.stderr)
        self.assertEqual(sluice("why", "x", "--admin", "nonsense").returncode, 2)

    def test_asks_over_a_unix_socket_with_a_token(self):
        socket, token = self.folder / "admin.sock", "0123456789abcdef"
        self.config.write_text(self.text(USERS).replace('{bind: "127.0.0.1:0"}\nupstreams',
                                                        f'{{bind: "unix:{socket}", token: {token}}}\nupstreams'))
        gateway = GatewayProcess([BINARY, "run", self.config], owner=self)
        self.port = int(gateway.says(r"web on port (\d+)").group(1))
        request_id = self.curl("/nowhere").json()["instance"]

        refused = sluice("why", request_id, "--admin", f"unix:{socket}")
        told = sluice("why", request_id, "--admin", f"unix:{socket}", env={**os.environ, "SLUICE_ADMIN_TOKEN": token})

        self.assertEqual(refused.returncode, 1)
        self.assertIn("admin.token", refused.stderr)
        self.assertIn("404 no_route", told.stdout)


class Upstreams(Case):
    def upstreams(self, *arguments):
        return sluice("upstreams", *arguments, "--admin", f"http://127.0.0.1:{self.admin_port}")

    def test_lists_the_targets(self):
        self.serve(USERS)

        result = self.upstreams()

        self.assertEqual(result.returncode, 0, result.stderr)
        head, *rows = result.stdout.splitlines()
        self.assertEqual(head.split(), ["upstream", "target", "state", "weight", "active", "connections"])
        self.assertIn(["users", "healthy"], [row.split()[0:3:2] for row in rows])
        self.assertEqual([u["upstream"] for u in json.loads(self.upstreams("users", "--json").stdout)["upstreams"]],
                         ["users"])

    def test_tells_what_became_of_a_target_and_why(self):
        self.serve(USERS)
        target = self.upstreams("users").stdout.splitlines()[1].split()[1]
        self.curl("", "-X", "PATCH", *JSON, "-d", '{"drain": true}',
                  url=f"http://127.0.0.1:{self.admin_port}/upstreams/users/targets/{target}")

        told = self.upstreams("users", "--why").stdout

        self.assertTrue(told.startswith(f"users {target}: drained\n  because {target} is drained by an operator\n"), told)
        self.assertRegex(told, r"\n  \d{4}-\d\d-\d\dT[\d:.]+Z  healthy -> drained: drained by an operator\n")

    def test_says_that_there_is_no_such_upstream(self):
        self.serve(USERS)

        result = self.upstreams("usres")

        self.assertEqual(result.returncode, 1)
        self.assertEqual(result.stderr, 'sluice: No upstream `usres` is in use; did you mean "users"?\n')

    def test_says_that_nobody_answers(self):
        result = sluice("upstreams", "--admin", "http://127.0.0.1:1")

        self.assertEqual(result.returncode, 2)
        self.assertIn("the admin server at http://127.0.0.1:1 does not answer: Connection refused\n", result.stderr)


class Changes(Case):
    def post(self, path, *options):
        return self.curl("", "-X", "POST", *JSON, *options, url=f"http://127.0.0.1:{self.admin_port}{path}")

    def test_reload_answers_when_it_is_done(self):
        self.serve(USERS)
        self.config.write_text(self.text("  - {name: hi, match: {path: /hi}, respond: {status: 204}}"))

        answer = self.post("/reload")

        self.assertEqual((answer.status, answer.json()["reloaded"]), (200, True))
        self.assertEqual(self.curl("/hi").status, 204)
        self.assertEqual(answer.json()["hash"], self.admin("/config").json()["hash"])

    def test_reload_says_what_is_wrong_with_the_file(self):
        self.serve(USERS)
        self.config.write_text(self.text("  - {name: users, match: {path: /**}, to: usres}"))

        answer = self.post("/reload")

        self.assertEqual((answer.status, answer.json()["reloaded"]), (422, False))
        self.assertIn("usres", answer.json()["diagnostics"]["diagnostics"][0]["message"])
        self.assertRegex(self.gateway.output(), r"admin: POST /reload by 127\.0\.0\.1:\d+: begins")

    def test_drain_ends_the_process(self):
        self.serve(USERS)

        self.assertEqual(self.post("/drain").status, 202)

        self.assertEqual(self.gateway.wait(), 0, self.gateway.output())

    def test_no_page_of_a_browser_changes_anything(self):
        self.serve(USERS)

        self.assertEqual(self.post("/drain", "-H", "Origin: http://127.0.0.1").status, 403)
        self.assertEqual(self.curl("", "-X", "POST", "-d", "x=y", url=f"http://127.0.0.1:{self.admin_port}/drain").status,
                         415)
        self.assertEqual(self.curl("/users/1").status, 200)


class Watch(Case):
    def setUp(self):
        super().setUp()
        self.config.write_text(self.text(USERS, more="include: conf.d/*.yaml"))
        (self.folder / "conf.d").mkdir()
        self.gateway = GatewayProcess([BINARY, "run", "--watch", self.config], owner=self)
        self.port = int(self.gateway.says(r"web on port (\d+)").group(1))
        self.admin_port = int(self.gateway.says(r"admin on port (\d+)").group(1))

    def replace(self, text):
        other = self.folder / ".sluice.yaml.new"
        other.write_text(text)
        other.replace(self.config)

    def test_takes_over_a_file_that_an_editor_replaced(self):
        self.replace(self.text("  - {name: hi, match: {path: /hi}, respond: {status: 204}}"))

        eventually(lambda: self.curl("/hi").status == 204, "the new route")

    def test_takes_over_a_file_that_is_included_from_now_on(self):
        (self.folder / "conf.d/hi.yaml").write_text(
            "routes: [{name: hi, match: {path: /hi}, respond: {status: 204}}]\n")

        eventually(lambda: self.curl("/hi").status == 204, "the new route")
        self.assertEqual(self.curl("/users/1").status, 200)

    def test_stays_with_what_is_good_and_goes_on_watching(self):
        self.replace(self.text("  - {name: users, match: {path: /**}, to: usres}"))
        self.gateway.says("not reloaded")
        self.assertEqual(self.curl("/users/1").status, 200)

        self.replace(self.text("  - {name: hi, match: {path: /hi}, respond: {status: 204}}"))
        eventually(lambda: self.curl("/hi").status == 204, "the new route")


if __name__ == "__main__":
    unittest.main()
