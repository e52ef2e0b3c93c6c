# SPDX-License-Identifier: Apache-2.0
"""The verbs, as a person in a terminal or a pipeline meets them."""
import json
import os
import shutil
import signal
import unittest

from harness import BINARY, ROOT, Case, GatewayProcess, sluice

GOOD = """version: 1
listeners: {web: {bind: "127.0.0.1:0"}}
upstreams: {users: {targets: ["http://127.0.0.1:9"]}}
routes:
  - {name: users, match: {path: "/users/{id}", method: GET}, to: users}
  - {name: rest, match: {path: /**}, respond: {status: 404}}
"""


class Verbs(Case):
    def write(self, text):
        self.config.write_text(text)
        return self.config

    def test_check_accepts_every_configuration_of_the_repository(self):
        # Certificates are not part of the repository: examples find those of this test beside them.
        self.assertEqual(sluice("dev-cert", "--dir", self.folder / "certs").returncode, 0)
        shutil.copytree(ROOT / "config/examples/parts", self.folder / "parts")
        files = [shutil.copy(file, self.folder) for file in
                 sorted([ROOT / "config/quickstart.yaml", *(ROOT / "config/examples").glob("*.yaml")])]
        result = sluice("check", *files)

        self.assertEqual(result.returncode, 0, result.stdout + result.stderr)

    def test_check_lists_every_mistake_with_its_place(self):
        bad = GOOD
        for right, wrong in (("listeners", "listners"), ("to: users}", "to: user}"), ("status: 404", "status: 99")):
            bad = bad.replace(right, wrong)
        result = sluice("check", self.write(bad))
        said = result.stdout + result.stderr

        self.assertEqual(result.returncode, 1)
        self.assertRegex(said, r"sluice\.yaml:2:1: ")
        self.assertRegex(said, r"sluice\.yaml:5:\d+: ")
        self.assertRegex(said, r"sluice\.yaml:6:\d+: ")
        self.assertIn("did you mean", said)
        self.assertIn("^", said)
        self.assertIn("listners: {web:", said)

    def test_check_says_what_is_wrong_with_a_file_that_is_not_there(self):
        result = sluice("check", self.folder / "absent.yaml")

        self.assertNotEqual(result.returncode, 0)
        self.assertIn("absent.yaml", result.stdout + result.stderr)

    def test_diff_compares_by_meaning(self):
        old = self.write(GOOD)
        same, other = self.folder / "same.yaml", self.folder / "other.yaml"
        same.write_text("# another comment\n" + GOOD.replace("to: users}", "to: {upstream: users}}"))
        other.write_text(GOOD.replace("status: 404", "status: 410").replace("name: users", "name: people"))

        self.assertEqual(sluice("diff", old, same).returncode, 0, sluice("diff", old, same).stdout)
        result = sluice("diff", old, other)

        self.assertEqual(result.returncode, 1, result.stderr)
        for line in ("added   routes.people", "removed routes.users", "changed routes.rest",
                     "routes.rest.respond.status: 404 -> 410"):
            self.assertIn(line, result.stdout)
        self.assertEqual(sluice("diff", old, self.folder / "absent.yaml").returncode, 2)

    def test_diff_says_who_is_not_asked_any_more_who_he_is(self):
        keys = GOOD.replace("  - {name: users,", "  - {name: users, use: [{api_key: {header: X-Api-Key}}],")
        other = self.folder / "other.yaml"
        other.write_text(GOOD)

        self.assertIn("warning: route users does not find out any more who calls",
                      sluice("diff", self.write(keys), other).stdout)

    def test_check_lists_who_holds_bodies_if_asked(self):
        config = self.write(GOOD.replace("upstreams: {", "upstreams: {spare: {url: \"http://127.0.0.1:9\"}, ").replace(
            "method: GET}, to", "method: GET}, use: [{mirror: {to: spare, max_body: 2KiB}}], to"))

        result = sluice("check", "--verbose", config)

        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"sluice\.yaml:5:\d+: routes\[0\]\.use\[0\]: `mirror` holds request bodies of at "
                                        r"most 2KiB, for the copy of the request\n")
        self.assertNotIn("holds", sluice("check", config).stdout)
        self.assertEqual(sluice("check", "--verbose", "--json", config).returncode, 2)

    def test_check_writes_sarif_for_code_hosts(self):
        result = sluice("check", "--format", "sarif", self.write(GOOD.replace("to: users", "to: user")))
        found = json.loads(result.stdout)["runs"][0]["results"][0]

        self.assertEqual(result.returncode, 1)
        self.assertEqual(found["level"], "error")
        self.assertEqual(found["locations"][0]["physicalLocation"]["region"]["startLine"], 5)

    def test_run_refuses_a_bad_configuration_before_it_serves(self):
        result = sluice("run", self.write(GOOD.replace("to: users", "to: nobody")))

        self.assertNotEqual(result.returncode, 0)
        self.assertIn("nobody", result.stderr)

    def test_explain_tells_which_route_a_request_takes_and_why(self):
        config = self.write(GOOD)
        result = sluice("explain", "-c", config, "GET http://example.com/users/7", "-H", "Accept: */*")

        self.assertEqual(result.returncode, 0, result.stderr)
        self.assertRegex(result.stdout, r"(?m)^route       users   \(.*sluice\.yaml:5:\d+.*\)$")
        self.assertNotIn("route       rest", result.stdout)
        other = sluice("explain", "-c", config, "DELETE http://example.com/users/7")
        self.assertEqual(other.returncode, 0, other.stderr)
        self.assertRegex(other.stdout, r"(?m)^route       rest   \(.*sluice\.yaml:6:\d+.*\)$")
        self.assertNotIn("route       users", other.stdout)

    def test_explain_knows_conditions_and_what_handlers_are_made_of(self):
        config = self.write("""
listeners: {public: "127.0.0.1:0", internal: "127.0.0.1:0"}
upstreams: {old: {url: "http://127.0.0.1:9001"}, new: {url: "http://127.0.0.1:9002"}}
consumers: [{name: acme, groups: [beta]}]
defaults: {trailing_slash: redirect}
routes:
  - {name: shares, match: {path: /a}, split: {to: {old: 3, new: 1}, sticky_by: ip}}
  - {name: tenant, match: {path: /a, header: {X-Tenant: acme}}, respond: 204}
  - {name: inside, match: {path: /b, listener: internal, client_ip: 10.0.0.0/8}, respond: 204}
  - name: callers
    match: {path: /c}
    use: {api_key: {header: X-Api-Key}}
    branch: [{when: '"beta" in consumer.groups', to: new}, {respond: 403}]
""")

        def explained(*arguments):
            return sluice("explain", "-c", config, *arguments).stdout

        shares = explained("GET http://h/a")
        self.assertIn("lost: condition not met: header X-Tenant: acme", shares)
        self.assertIn("split       by ip", shares)
        self.assertIn("arm         old 3: 75.00% of the requests", shares)
        self.assertIn("upstream    new", shares)
        self.assertIn("* tenant  any host /a with header X-Tenant: acme",
                      explained("GET http://h/a", "-H", "x-tenant: acme"))
        self.assertIn("route       inside",
                      explained("GET http://h/b", "--listener", "internal", "--from", "10.1.2.3"))
        self.assertIn("condition not met: listener internal", explained("GET http://h/b", "--from", "10.1.2.3"))
        callers = explained("GET http://h/c")
        self.assertIn('branch      when "beta" in consumer.groups: to', callers)
        self.assertIn("branch      otherwise: respond", callers)
        self.assertIn("answer      308, Location: /c?x", explained("GET http://h/c/?x"))
        wrong = sluice("explain", "-c", config, "GET http://h/a", "--listener", "intrenal")
        self.assertEqual(wrong.returncode, 1)
        self.assertIn("no listener", wrong.stderr)

    def test_explain_shows_what_filters_make_of_the_head_and_what_a_target_gets(self):
        config = self.write("""
listeners: {public: "127.0.0.1:0"}
upstreams:
  users: {url: "http://127.0.0.1:9002", timeouts: {attempt: 3s, propagate: true}}
  named: {url: "http://127.0.0.1:9002", host: upstream}
use: [{headers: {request: {remove: X-Internal-*, set: {X-Client: "${client.ip}", Authorization: "Bearer abc-def"}}}}]
routes:
  - name: users
    match: {path: "/v1/users/{id}"}
    use:
      - rewrite: {regex: "/v1/([a-z]+)/(.*)", to: '/\\2/of/\\1'}
      - headers: {request: {set: {X-User: "${path.id}", X-Key: "${env:SLUICE_TEST_KEY}"}}}
      - query: {remove: debug}
    to: users
  - {name: named, match: {path: /named}, to: named}
  - {name: dots, match: {path: /dots}, use: {rewrite: {path: "/a/${query.x}"}}, to: named}
""")

        def explained(*arguments):
            return sluice("explain", "-c", config, *arguments, env={**os.environ, "SLUICE_TEST_KEY": "open-sesame-4f1c"}).stdout

        users = explained("GET http://api.example.com/v1/users/7?debug=1&a=2", "-H", "X-Internal-Note: x",
                          "-H", "X-Forwarded-For: 10.9.9.9", "--from", "192.0.2.7")
        for line in ("removed     X-Forwarded-For: 10.9.9.9   (no client may say that)",
                     "  makes     - X-Internal-Note: x",
                     "  makes     + X-Client: 192.0.2.7",
                     "  makes     + Authorization: ***",
                     "  makes     target /v1/users/7?debug=1&a=2 -> /7/of/users?debug=1&a=2",
                     "  makes     + X-User: 7",
                     "  makes     + X-Key: ***",
                     "  makes     target /7/of/users?debug=1&a=2 -> /7/of/users?a=2",
                     "sends       GET /7/of/users?a=2",
                     "sends       Host: api.example.com",
                     "sends       Authorization: ***",
                     "sends       X-Forwarded-For: 192.0.2.7"):
            self.assertIn(line + "\n", users)
        self.assertRegex(users, r"timeout     attempt 3000ms   \(.*:4:")
        self.assertRegex(users, r"propagate   yes, as X-Request-Deadline   \(.*:4:")
        self.assertNotIn("open-sesame", users)
        self.assertNotIn("abc-def", users)
        named = explained("GET http://api.example.com/named")
        self.assertIn("sends       Host: 127.0.0.1:9002, that of the target\n", named)
        self.assertIn("timeout     attempt none   (default)\n", named)
        self.assertIn("propagate   no   (default)\n", named)
        self.assertIn("makes     answer 400", explained("GET http://h/dots?x=.."))

    def test_explain_shows_no_secret(self):
        config = self.write("""
listeners: {public: "127.0.0.1:0"}
upstreams: {users: {url: "http://127.0.0.1:9002", host: "${env:SLUICE_TEST_KEY}"}}
routes:
  - {name: keyed, match: {path: /a, header: {X-Token: key-4f1c, X-Origin: "${env:SLUICE_TEST_KEY}"}, cookie: {key: key-4f1c}}, to: users}
  - name: rest
    match: {path: /**}
    use:
      - headers: {request: {set: {Cookie: a=key-4f1c}}}
      - query: {set: {token: key-4f1c, page: "7"}}
    to: users
""")
        environment = {**os.environ, "SLUICE_TEST_KEY": "open-sesame"}
        shown = sluice("explain", "-c", config, "GET http://h/a", env=environment)
        self.assertEqual(0, shown.returncode, shown.stderr)
        for line in ("header X-Token: ***", "makes     + Cookie: ***", "makes     target /a -> /a?token=***&page=7\n",
                     "sends       GET /a?token=***&page=7\n", "sends       Host: ***\n", "sends       Cookie: ***\n"):
            self.assertIn(line, shown.stdout)
        taken = sluice("explain", "-c", config, "GET http://h/a?key=key-4f1c", "-H", "X-Token: key-4f1c",
                       "-H", "X-Origin: open-sesame", "-H", "Cookie: key=key-4f1c", env=environment)
        self.assertIn("route       keyed ", taken.stdout)
        for text in (shown.stdout, taken.stdout):
            self.assertNotIn("key-4f1c", text)
            self.assertNotIn("open-sesame", text)

    def test_explain_says_who_does_not_allow_an_encoded_slash(self):
        config = self.write("""
listeners: {public: "127.0.0.1:0"}
routes:
  - {name: names, match: {path: "/names/{name}"}, allow_encoded: slash, respond: 204}
  - {name: admin, match: {path: /admin/**}, respond: 204}
  - {name: all, match: {path: /**}, allow_encoded: slash, respond: 204}
""")
        allowed = sluice("explain", "-c", config, "GET http://h/names/a%2fb")
        self.assertEqual(allowed.returncode, 0, allowed.stdout)
        self.assertIn("capture     name = a%2Fb\n", allowed.stdout)
        refused = sluice("explain", "-c", config, "GET http://h/admin%2Fx")
        self.assertEqual(refused.returncode, 1)
        self.assertIn("route       admin does not allow it", refused.stdout)
        self.assertIn("answer      400, reason bad_request: an encoded slash in the path", refused.stdout)

    def test_explain_refuses_a_body_that_is_announced_as_too_large(self):
        config = self.write("""
listeners:
  public: {bind: "127.0.0.1:0", limits: {body: 1MiB}}
  internal: {bind: "127.0.0.1:0", limits: {body: 2MiB}}
routes: [{name: all, match: {path: /**}, respond: 204}]
""")
        request = ("POST http://h/a", "-H", "Content-Length: 1048577")
        refused = sluice("explain", "-c", config, *request)
        self.assertEqual(refused.returncode, 1)
        self.assertIn("answer      413, reason body_too_large: Content-Length exceeds the limit of 1048576 bytes\n",
                      refused.stdout)
        self.assertNotIn("route   ", refused.stdout)
        taken = sluice("explain", "-c", config, *request, "--listener", "internal")
        self.assertEqual(taken.returncode, 0, taken.stdout)

    def test_explain_lists_the_filters_of_the_listener_first(self):
        config = self.write("""
listeners:
  public: {bind: "127.0.0.1:0", use: [{ip_access: {deny: [192.0.2.0/24]}}]}
  internal: "127.0.0.1:0"
use: {request_id: {}}
routes: [{name: a, match: {path: /a}, use: {hsts: {}}, respond: 204}]
""")

        def filters(*arguments):
            result = sluice("explain", "-c", config, *arguments)
            return [line.split()[1] for line in result.stdout.splitlines() if line.startswith("filter ")]

        self.assertEqual(filters("GET http://h/a"), ["ip_access", "request_id", "hsts"])
        self.assertEqual(filters("GET http://h/a", "--listener", "internal"), ["request_id", "hsts"])
        self.assertEqual(filters("GET https://h/a"), [])
        self.assertIn("no listener accepts it", sluice("explain", "-c", config, "GET https://h/a").stdout)

    def test_explain_sends_to_https_what_a_listener_redirects(self):
        config = self.write("""
listeners:
  web: {bind: "127.0.0.1:0", redirect: {port: 8443, status: 301}}
  inside: "127.0.0.1:0"
routes:
  - {name: all, match: {path: /**}, respond: 204}
  - {name: challenges, match: {path: "/.well-known/acme-challenge/{token}"}, respond: 200}
""")

        def explained(*arguments):
            result = sluice("explain", "-c", config, *arguments)
            return result.returncode, result.stdout

        status, got = explained("GET http://h/a//b?c=d")
        self.assertEqual(status, 1, got)
        self.assertIn("listener    web sends every request to https", got)
        self.assertIn("answer      301, Location: https://h:8443/a//b?c=d\n", got)
        self.assertNotIn("candidate", got)
        self.assertNotIn("route   ", got)
        self.assertIn("answer      308, Location: https://h:8443/a\n", explained("POST http://h/a")[1])
        status, challenge = explained("GET http://h/.well-known/acme-challenge/t1")
        self.assertEqual(status, 0, challenge)
        self.assertIn("route       challenges ", challenge)
        # The route `all` was not written for challenges.
        self.assertIn("answer      301, Location: https://h:8443/.well-known/acme-challenge/t/2\n",
                      explained("GET http://h/.well-known/acme-challenge/t/2")[1])
        self.assertIn("route       all ", explained("GET http://h/a", "--listener", "inside")[1])

    def test_explain_believes_the_proxies_that_a_listener_trusts(self):
        config = self.write("""
listeners: {web: {bind: "127.0.0.1:0", trusted_proxies: [10.0.0.0/8]}}
upstreams: {hello: {url: "http://127.0.0.1:9"}}
routes: [{name: near, match: {path: /**, client_ip: 192.0.2.0/24}, to: hello}]
""")
        fields = [part for field in ("X-Forwarded-For: 192.0.2.7", "X-Forwarded-Proto: https", "X-Forwarded-User: ada",
                                     "X-Request-ID: id-1") for part in ("-H", field)]

        def explained(address):
            return sluice("explain", "-c", config, "GET http://h/a", "--from", address, *fields).stdout

        believed, stranger = explained("10.1.2.3"), explained("192.0.2.9")

        self.assertIn("client      192.0.2.7   (told by the proxy 10.1.2.3)\n", believed)
        for line in ("X-Forwarded-User: ada", "X-Request-ID: id-1", "X-Forwarded-For: 192.0.2.7, 10.1.2.3",
                     "X-Forwarded-Proto: https"):
            self.assertIn(f"sends       {line}\n", believed)
        self.assertIn("removed     X-Forwarded-User: ada   (no client may say that)\n", stranger)
        self.assertIn("removed     X-Request-ID: id-1 ", stranger)
        self.assertIn("sends       X-Forwarded-For: 192.0.2.9\n", stranger)
        self.assertIn("sends       X-Forwarded-Proto: http\n", stranger)
        self.assertIn("condition not met", explained("198.51.100.1"))

    def test_explain_knows_the_limits_of_the_listener(self):
        config = self.write("""
listeners: {narrow: {bind: "127.0.0.1:0", limits: {uri: 64B}}, wide: "127.0.0.1:0"}
routes: [{name: all, match: {path: /**}, respond: 204}]
""")
        url = "GET http://h/" + "a" * 64

        refused = sluice("explain", "-c", config, url)
        self.assertEqual(refused.returncode, 1, refused.stdout)
        self.assertIn("answer      414, reason uri_too_long: ", refused.stdout)
        self.assertIn("route       all ", sluice("explain", "-c", config, url[:-1]).stdout)
        self.assertIn("route       all ", sluice("explain", "-c", config, url, "--listener", "wide").stdout)

    def test_schema_is_json_and_knows_the_top_level(self):
        schema = json.loads(sluice("schema").stdout)

        top = schema["$defs"][schema["$ref"].rsplit("/", 1)[1]]["properties"]
        self.assertLessEqual({"listeners", "routes", "upstreams", "policies", "admin"}, set(top))

    def test_the_stored_schema_and_reference_are_what_the_binary_writes(self):
        for verb, file in (("schema", "config/schema.json"), ("reference", "config/REFERENCE.md")):
            stored = (ROOT / file).read_text()
            self.assertEqual(stored, sluice(verb).stdout, f"{file}: write it anew with sluice {verb}")

    def test_the_stored_page_about_reasons_is_what_the_binary_writes(self):
        _, stored = (ROOT / "docs/troubleshooting.md").read_text().split("<!-- from here on: sluice reference --reasons -->\n")
        self.assertEqual(stored, sluice("reference", "--reasons").stdout,
                         "docs/troubleshooting.md: write its end anew with sluice reference --reasons")

    def test_the_stored_table_of_metrics_is_what_the_binary_writes(self):
        _, stored = (ROOT / "docs/observability.md").read_text().split("<!-- from here on: sluice reference --metrics -->\n")
        self.assertEqual(stored, sluice("reference", "--metrics").stdout,
                         "docs/observability.md: write its end anew with sluice reference --metrics")

    def test_version_names_the_program_and_the_revision(self):
        self.assertRegex(sluice("version").stdout, r"sluice \d+\.\d+\.\d+")

    def test_every_verb_explains_itself(self):
        self.assertEqual(sluice("--help").returncode, 0)
        for verb in ("run", "check", "explain", "why", "upstreams", "schema", "reference", "version"):
            result = sluice(verb, "--help")
            self.assertEqual(result.returncode, 0, verb)
            self.assertGreater(len(result.stdout), 40, verb)

    def test_run_tells_as_much_as_it_is_asked_to(self):
        self.write(GOOD + "admin: {bind: \"127.0.0.1:0\"}\n")
        # It does not say when it serves; what ends it may come before.
        quiet = GatewayProcess([BINARY, "run", "--log-level", "error", self.config], owner=self,
                               ends_with=(0, -signal.SIGTERM))
        chatty = GatewayProcess([BINARY, "run", "--log-level", "info", self.config], owner=self)
        chatty.says("serves")
        wrong = sluice("run", "--log-level", "loud", self.config)

        self.assertEqual(quiet.output(), "")
        self.assertEqual(wrong.returncode, 2)
        self.assertIn("--log-level", wrong.stderr)

    def test_a_wrong_command_line_is_refused_by_name(self):
        for arguments, said in (
                (["chek", "a.yaml"], "there is no verb `chek`; did you mean \"check\"?"),
                (["frobnicate"], "there is no verb `frobnicate`; see sluice --help"),
                (["--frobnicate"], "sluice: "),
                ([], "Usage: sluice"),
                (["check"], "sluice check: config is required; see sluice check --help"),
                (["reference", "routes"], "sluice reference: ")):
            result = sluice(*arguments)

            self.assertEqual(result.returncode, 2, arguments)
            self.assertIn(said, result.stderr)
            self.assertEqual(result.stdout, "")


if __name__ == "__main__":
    unittest.main()
