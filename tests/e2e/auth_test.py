# SPDX-License-Identifier: Apache-2.0
"""Who calls, as clients and operators see it: keys, passwords by curl, consumers in files of their own."""
import hashlib
import signal
import subprocess
import unittest

from harness import Case, eventually

ROUTES = """
  - {name: keys, match: {path: /keys}, use: [{api_key: {header: X-Api-Key}}], respond: {status: 200, body: "${consumer.id}"}}
  - {name: users, match: {path: /users}, use: [{basic: {}}], respond: {status: 200, body: "${consumer.id}"}}
"""


def key(text):
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


class Consumers(Case):
    def serve_with(self, consumers):
        self.file = self.folder / "consumers.yaml"
        self.file.write_text(consumers)
        self.serve(ROUTES, more="include: consumers.yaml\n")

    def status(self, path, *arguments):
        return self.curl(path, *arguments).status

    def test_in_a_file_of_their_own_take_effect_without_a_signal(self):
        self.serve_with(f'consumers: [{{name: a, api_keys: "{key("one")}"}}]\n')
        self.assertEqual(self.status("/keys", "-H", "X-Api-Key: one"), 200)

        self.file.write_text(f'consumers: [{{name: b, api_keys: "{key("two")}"}}]\n')
        self.gateway.says(r"consumers of .* reloaded")
        answer = self.curl("/keys", "-H", "X-Api-Key: two")
        self.assertEqual((answer.status, answer.body), (200, b"b"))
        self.assertEqual(self.status("/keys", "-H", "X-Api-Key: one"), 401)

        self.file.write_text("consumers: [{nam: c}]\n")
        self.gateway.says(r"consumers of .* not reloaded: those in force stay")
        self.gateway.says("did you mean")
        self.assertEqual(self.status("/keys", "-H", "X-Api-Key: two"), 200)

        self.file.write_text(f'consumers: [{{name: d, api_keys: "{key("three")}"}}]\non_tie: first\n')
        self.gateway.says(r"not reloaded: more has changed, which SIGHUP takes over")
        self.assertEqual(self.status("/keys", "-H", "X-Api-Key: two"), 200)
        self.reload()
        self.assertEqual(self.status("/keys", "-H", "X-Api-Key: three"), 200)

    def test_by_the_thousand(self):
        entries = "".join(f'  - {{name: "c{n}", groups: [g{n % 7}], api_keys: "{key(str(n))}"}}\n'
                          for n in range(10_000))
        self.serve_with("consumers:\n" + entries)
        for n in (0, 4711, 9999):
            self.assertEqual(self.curl("/keys", "-H", f"X-Api-Key: {n}").body, f"c{n}".encode())
        self.assertEqual(self.status("/keys", "-H", "X-Api-Key: 10000"), 401)

        self.file.write_text("consumers:\n" + entries + f'  - {{name: late, api_keys: "{key("late")}"}}\n')
        self.gateway.says(r"consumers of .* reloaded")
        self.assertEqual(self.status("/keys", "-H", "X-Api-Key: late"), 200)

    def test_with_passwords_that_htpasswd_made(self):
        made = subprocess.run(["htpasswd", "-nbB", "-C", "5", "jo", "open sesame"], capture_output=True, text=True,
                              check=True).stdout.strip().split(":", 1)[1]
        self.serve_with(f"consumers: [{{name: jo, basic: {{password: '{made}'}}}}]\n")
        self.assertEqual(self.status("/users"), 401)
        self.assertEqual(self.curl("/users")["www-authenticate"], 'Basic realm="sluice", charset="UTF-8"')
        self.assertEqual(self.curl("/users", "-u", "jo:open sesame").body, b"jo")
        self.assertEqual(self.status("/users", "-u", "jo:wrong"), 401)
        self.assertEqual(self.status("/users", "-u", "no:open sesame"), 401)

    def test_with_a_file_that_htpasswd_made(self):
        users = self.folder / "users.htpasswd"
        for number, (user, password) in enumerate((("jo", "open sesame"), ("al", "another"), ("a", "third"))):
            subprocess.run(["htpasswd", "-b", "-B", "-C", "5", *([] if number else ["-c"]), users, user, password],
                           capture_output=True, check=True)
        self.serve("""
  - name: users
    match: {path: /users}
    use: [{basic: {htpasswd: "${file:users.htpasswd}"}}, {headers: {response: {set: {X-User: "${credential}"}}}}]
    respond: {status: 200, body: "${consumer.id}"}
""", more="consumers: [{name: al}]\n")
        for user, password, consumer in (("jo", "open sesame", b""), ("al", "another", b"al"), ("a", "third", b"")):
            answer = self.curl("/users", "-u", f"{user}:{password}")
            self.assertEqual((answer.status, answer["x-user"], answer.body), (200, user, consumer))
        self.assertEqual(self.status("/users", "-u", "jo:another"), 401)
        self.assertEqual(self.status("/users", "-u", "nobody:third"), 401)


class Revocations(Case):
    def test_are_pushed_to_the_admin_listener(self):
        self.serve("  - {name: r, match: {path: /}, respond: {status: 200}}")
        page = f"http://127.0.0.1:{self.admin_port}/revocations"
        pushed = self.curl("", "-X", "PUT", url=page + "?issuer=https://idp.example.com&jti=8f3a")
        self.assertEqual((pushed.status, pushed.json()), (200, {"revocations": 1}))
        self.assertEqual(self.curl("", "-X", "PUT", url=page + "?issuer=i&sub=jo&before=2027-01-31").status, 200)
        self.assertEqual(self.admin("/revocations").json(), {"revocations": 2})

        wrong = self.curl("", "-X", "PUT", url=page + "?jti=8f3a")
        self.assertEqual(wrong.status, 400)
        self.assertIn("issuer", wrong.json()["detail"])
        self.assertEqual(self.curl("", "-X", "POST", url=page + "?issuer=i").status, 405)
        self.assertEqual(self.curl("", "-X", "PUT", "-H", "Host: evil.example.com", url=page + "?issuer=i").status, 421)
        self.assertEqual(self.admin("/revocations").json(), {"revocations": 2})

    def test_outlive_a_restart(self):
        for known in (0, 1):
            self.serve("  - {name: r, match: {path: /}, respond: {status: 200}}", more=f"state_directory: {self.folder}/state")
            self.assertEqual(self.admin("/revocations").json(), {"revocations": known})
            page = f"http://127.0.0.1:{self.admin_port}/revocations"
            self.assertEqual(self.curl("", "-X", "PUT", url=page + "?issuer=https://idp.example.com&jti=8f3a").status, 200)
            self.gateway.send(signal.SIGKILL)
            self.gateway.wait()


if __name__ == "__main__":
    unittest.main()
