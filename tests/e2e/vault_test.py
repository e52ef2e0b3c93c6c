# SPDX-License-Identifier: Apache-2.0
"""Secrets from Vault. Debian has none, so they come from a stand-in that speaks its documented API."""
import hashlib
import json
import os
import signal
import sys
import unittest
from pathlib import Path

from fake_vault import FakeVault
from harness import BINARY, Case, GatewayProcess, Running, eventually, sluice, unused_port

ROUTES = """  - name: a
    match: {path: /a}
    respond: {status: 200, body: "${vault:secret/data/orders#greeting}, ${vault:secret/data/orders#name}"}
  - name: b
    match: {path: /b}
    use: [{api_key: {header: X-API-Key}}]
    respond: {status: 200, body: in}"""
CONSUMERS = """consumers:
  - {name: acme, api_keys: ["${vault:kv/data/keys#acme}"]}"""
KEY = "0123456789abcdef0123456789abcdef"
DIGEST = "sha256:" + hashlib.sha256(KEY.encode()).hexdigest()


class Vault(Case):
    def setUp(self):
        super().setUp()
        self.token_file = self.folder / "token"
        self.token_file.write_text("s.good\n")

    def vault(self, **options):
        vault = FakeVault(**options)
        self.addCleanup(vault.close)
        vault.secrets = {"secret/data/orders": {"greeting": "hello-there", "name": "Ada"},
                         "kv/data/keys": {"acme": DIGEST}}
        return vault

    def write(self, port, more="refresh: 0s", timeout="2s"):
        vault = f"vault: {{address: \"http://127.0.0.1:{port}\", token_file: token, timeout: {timeout}, {more}}}"
        self.config.write_text(self.text(ROUTES, more=CONSUMERS + "\n" + vault))

    def greeting(self):
        return self.curl("/a").body.decode()

    def test_puts_in_secrets(self):
        vault = self.vault()
        self.write(vault.port)
        self.start()

        self.assertEqual(self.greeting(), "hello-there, Ada")
        self.assertEqual(self.curl("/b").status, 401)
        self.assertEqual(self.curl("/b", "-H", f"X-API-Key: {KEY}").status, 200)
        self.assertEqual(sorted(vault.asked), ["kv/data/keys", "secret/data/orders"])
        shown = self.admin("/config").body.decode()
        self.assertNotIn("hello-there", shown)
        self.assertNotIn(DIGEST, shown)

    def test_is_found_by_the_environment(self):
        vault = self.vault(namespace="teams/shop")
        self.config.write_text(self.text(ROUTES, more=CONSUMERS))
        environment = {**os.environ, "VAULT_ADDR": f"http://127.0.0.1:{vault.port}", "VAULT_TOKEN": "s.good",
                       "VAULT_NAMESPACE": "teams/shop"}
        self.assertEqual(sluice("check", "--vault", self.config, env=environment).returncode, 0)
        self.gateway = GatewayProcess([BINARY, "run", self.config], owner=self, env=environment)
        self.port = int(self.gateway.says(r"web on port (\d+)").group(1))

        self.assertEqual(self.greeting(), "hello-there, Ada")

    def test_is_believed_by_its_certificate(self):
        certs = self.folder / "certs"
        self.assertEqual(sluice("dev-cert", "--dir", certs, "localhost").returncode, 0)
        ca = certs / "ca.pem"
        vault = self.vault(certificate=(certs / "localhost.pem", certs / "localhost.key"))
        self.write(vault.port, f"refresh: 0s, ca: \"${{file:{ca}}}\"", timeout="60s")  # for the handshake
        self.config.write_text(self.config.read_text().replace(f"http://127.0.0.1:{vault.port}",
                                                              f"https://localhost:{vault.port}"))
        self.start()
        self.assertEqual(self.greeting(), "hello-there, Ada")

        self.config.write_text(self.config.read_text().replace(f", ca: \"${{file:{ca}}}\"", ""))
        self.assertIn("cannot be trusted", sluice("check", "--vault", self.config).stderr)

    def test_says_at_the_place_what_is_wrong(self):
        vault = self.vault()
        self.write(vault.port)
        del vault.secrets["secret/data/orders"]["name"]
        said = sluice("check", "--vault", self.config).stderr
        self.assertRegex(said, r"sluice.yaml:\d+:\d+: error: secret/data/orders in Vault has no field `name`")
        self.assertNotIn("hello-there", said)

        self.token_file.write_text("s.bad\n")
        said = sluice("check", "--vault", self.config).stderr
        self.assertRegex(said, r"sluice.yaml:\d+:\d+: error: Vault at http://127.0.0.1:\d+ does not let this gateway "
                               r"read secret/data/orders \(status 403: permission denied\)")
        self.assertNotIn("s.bad", said)

    def test_does_not_start_while_it_is_down(self):
        self.write(unused_port())
        result = sluice("run", self.config)

        self.assertEqual(result.returncode, 1)
        self.assertRegex(result.stderr, r"sluice.yaml:\d+:\d+: error: Vault at http://127.0.0.1:\d+ cannot be asked: "
                                        r"Connection refused")

    def test_does_not_start_while_it_keeps_silent(self):
        vault = self.vault()
        vault.speaks.clear()
        self.write(vault.port, timeout="200ms")
        result = sluice("run", self.config)

        self.assertEqual(result.returncode, 1, result.stderr)
        self.assertEqual(result.stderr.count("does not answer in time"), 2, result.stderr)

    def test_is_asked_by_those_who_only_look_if_they_are_told_to(self):
        vault = self.vault()
        self.write(vault.port)
        looked = sluice("check", self.config)

        self.assertEqual(looked.returncode, 0, looked.stderr)
        self.assertIn("good as far as it can be told without its secrets", looked.stdout)
        self.assertRegex(looked.stderr, r"sluice.yaml:\d+:\d+: warning: nobody asks Vault for its secrets here")
        self.assertEqual(sluice("explain", "-c", self.config, "GET http://a/a").returncode, 1)
        self.assertEqual(sluice("diff", self.config, self.config).returncode, 2)
        self.assertEqual(vault.asked, [])

        self.assertEqual(sluice("explain", "--vault", "-c", self.config, "GET http://a/a").returncode, 0)
        self.assertEqual(sluice("diff", "--vault", self.config, self.config).returncode, 0)
        self.assertIn(": good: ", sluice("check", "--vault", self.config).stdout)

    def test_hears_nothing_by_a_confined_file(self):
        vault, evil = self.vault(), self.vault()
        team = self.folder / "team.yaml"
        self.write(vault.port)
        written = self.config.read_text()
        self.config.write_text(f"include: {{files: {team}, confine: {{path: /team/**}}}}\n{written}")
        team.write_text("routes: [{name: t, match: {path: /team/**}, respond: {body: \"${vault:secret/data/orders#name}\"}}]\n")
        self.assertRegex(sluice("check", "--vault", self.config).stderr,
                         r"team.yaml:1:\d+: error: a file that is confined cannot hold \$\{vault:\}")

        self.config.write_text(f"include: {{files: {team}, confine: {{path: /team/**}}}}\n" +
                               written.replace("vault: {address", "# vault: {address"))
        team.write_text(f"vault: {{address: \"http://127.0.0.1:{evil.port}\", token_file: /etc/hostname}}\n")
        self.assertRegex(sluice("check", "--vault", self.config).stderr,
                         r"team.yaml:1:\d+: error: a file that is confined cannot hold `vault`")
        self.assertEqual(vault.asked + evil.asked, [])

    def test_is_found_by_the_resolver_of_the_configuration(self):
        vault = self.vault()
        zone = self.folder / "zone.json"
        zone.write_text(json.dumps({"vault.test": {"a": ["127.0.0.1"]}}))
        dns = Running([sys.executable, Path(__file__).with_name("fake_dns.py"), zone, 0], owner=self)
        nameserver = dns.says(r"on (127\.0\.0\.1:\d+)").group(1)
        self.write(vault.port, "refresh: 1s")
        written = self.config.read_text().replace("//127.0.0.1:" + str(vault.port), f"//vault.test:{vault.port}")
        self.config.write_text(written)
        refused = sluice("run", self.config)
        self.assertIn("Vault is not asked without https", refused.stderr)
        self.assertEqual(vault.asked, [])

        self.config.write_text(written.replace("vault: {", "vault: {allow_http: true, ") +
                               f"resolver: {{nameservers: \"{nameserver}\"}}\n")
        self.start()
        self.assertEqual(self.greeting(), "hello-there, Ada")
        vault.secrets["secret/data/orders"] = {"greeting": "good evening", "name": "Ada"}
        eventually(lambda: self.greeting() == "good evening, Ada", "the new secret is in force")

    def test_holds_up_nothing_but_the_reload(self):
        vault = self.vault()
        self.write(vault.port, timeout="60s")
        self.start()
        vault.speaks.clear()
        vault.asked.clear()
        self.config.write_text(self.config.read_text().replace("body: in", "body: changed"))
        self.gateway.send(signal.SIGHUP)
        eventually(lambda: len(vault.asked) == 2, "Vault is asked")

        self.assertEqual(self.admin("/livez").status, 200)
        self.assertEqual(self.metric("sluice_config_reloads_total"), 0)
        self.gateway.send(signal.SIGHUP)
        vault.speaks.set()
        eventually(lambda: self.gateway.count(" reloaded") == 2, "both are met, one after the other")
        self.assertEqual(self.curl("/b", "-H", f"X-API-Key: {KEY}").body, b"changed")

    def test_is_not_waited_for_at_the_end(self):
        vault = self.vault()
        self.write(vault.port, timeout="60s")
        self.start()
        vault.speaks.clear()
        vault.asked.clear()
        self.gateway.send(signal.SIGHUP)
        eventually(lambda: len(vault.asked) == 2, "Vault is asked")
        self.gateway.send(signal.SIGTERM)

        self.assertEqual(self.gateway.wait(), 0)

    def test_is_not_waited_for_when_the_start_is_given_up(self):
        for number in signal.SIGTERM, signal.SIGINT:
            vault = self.vault()
            vault.speaks.clear()
            self.write(vault.port, timeout="60s")
            gateway = GatewayProcess([BINARY, "run", self.config], owner=self)
            eventually(lambda: len(vault.asked) == 2, "Vault is asked")
            gateway.send(number)

            self.assertEqual(gateway.wait(), 0)
            self.assertNotIn("error:", gateway.output())

    def test_hides_no_file_that_comes_while_the_start_waits_for_it(self):
        vault = self.vault()
        vault.speaks.clear()
        self.write(vault.port, timeout="60s")
        self.config.write_text("include: team-*.yaml\n" + self.config.read_text())
        self.gateway = GatewayProcess([BINARY, "run", "--watch", self.config], owner=self)
        eventually(lambda: len(vault.asked) == 2, "Vault is asked")
        (self.folder / "team-a.yaml").write_text("routes: [{name: t, match: {path: /team}, respond: 200}]\n")
        vault.speaks.set()

        self.port = int(self.gateway.says(r"web on port (\d+)").group(1))
        eventually(lambda: self.curl("/team").status == 200, "its route is in force")

    def test_keeps_the_secrets_of_before_when_it_is_down_at_a_reload(self):
        vault = self.vault()
        self.write(vault.port)
        self.start()
        vault.sealed = True
        self.config.write_text(self.config.read_text().replace("body: in", "body: changed"))
        self.reload()

        self.gateway.says(r"warning: Vault at \S+ cannot answer now \(status 503: Vault is sealed\): the value of "
                          r"before stays in use")
        self.assertEqual(self.greeting(), "hello-there, Ada")
        self.assertEqual(self.curl("/b", "-H", f"X-API-Key: {KEY}").body, b"changed")

    def test_keeps_what_is_in_force_when_a_secret_is_gone(self):
        vault = self.vault()
        self.write(vault.port)
        self.start()
        del vault.secrets["secret/data/orders"]
        self.reload()

        self.gateway.says("error: Vault has nothing at secret/data/orders")
        self.gateway.says("not reloaded")
        self.assertEqual(self.greeting(), "hello-there, Ada")

    def test_shows_that_a_secret_is_gone(self):
        vault = self.vault()
        self.write(vault.port, "refresh: 1s")
        self.start()
        self.assertEqual(self.metric("sluice_vault_up"), 1)
        kept = vault.secrets.pop("secret/data/orders")

        eventually(lambda: self.metric("sluice_vault_up") == 0, "it is shown")
        self.gateway.says("vault: Vault has nothing at secret/data/orders; the secrets that were read stay in use")
        self.assertEqual(self.greeting(), "hello-there, Ada")
        vault.secrets["secret/data/orders"] = kept
        eventually(lambda: self.metric("sluice_vault_up") == 1, "it is there again")

    def test_takes_over_a_secret_that_has_changed(self):
        vault = self.vault()
        self.write(vault.port, "refresh: 1s")
        self.start()
        self.assertEqual(self.greeting(), "hello-there, Ada")
        vault.secrets["secret/data/orders"] = {"greeting": "good evening", "name": "Ada"}

        eventually(lambda: self.greeting() == "good evening, Ada", "the new secret is in force")
        self.gateway.says("a secret in Vault has changed")

    def test_leaves_files_that_somebody_edits_alone(self):
        vault = self.vault()
        self.write(vault.port, "refresh: 1s")
        self.start()
        self.config.write_text(self.config.read_text().replace("body: in", "body: half"))
        vault.secrets["secret/data/orders"] = {"greeting": "good evening", "name": "Ada"}
        self.gateway.says("a secret in Vault has changed, and so has .*, which SIGHUP takes over")

        self.assertEqual(self.greeting(), "hello-there, Ada")
        self.reload()
        self.assertEqual(self.greeting(), "good evening, Ada")


if __name__ == "__main__":
    unittest.main()
