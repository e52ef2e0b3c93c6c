# SPDX-License-Identifier: Apache-2.0
"""TLS judged by others: sslscan and testssl.sh find nothing to complain of but what is the test certificate's own."""
import json
import subprocess
import unittest
import xml.etree.ElementTree as ElementTree

from harness import Case, sluice

SCAN_SECONDS = 500  # testssl takes a minute on a free machine; sanitizers are slow


class Scanners(Case):
    def setUp(self):
        super().setUp()
        certs = self.folder / "certs"
        self.authority = certs / "ca.pem"
        result = sluice("dev-cert", "--dir", certs, "localhost")
        self.assertEqual(result.returncode, 0, result.stderr)
        # A pair of keys for one name, as both kinds of suites are to be looked at.
        for command in (f"req -newkey rsa:2048 -nodes -keyout {certs}/rsa.key -out {certs}/rsa.csr -subj /CN=localhost "
                        "-addext subjectAltName=DNS:localhost",
                        f"x509 -req -in {certs}/rsa.csr -CA {certs}/ca.pem -CAkey {certs}/ca.key -out {certs}/rsa.pem "
                        "-copy_extensions copy -days 90"):
            subprocess.run(["openssl", *command.split()], check=True, capture_output=True)
        self.config.write_text("""version: 1
listeners:
  web:
    bind: "127.0.0.1:0"
    tls:
      certs: [{cert: certs/localhost.pem, key: certs/localhost.key}, {cert: certs/rsa.pem, key: certs/rsa.key}]
admin: {bind: "127.0.0.1:0"}
routes: [{name: all, match: {path: /**}, respond: {body: hello}}]
""")
        self.start()

    def scan(self, *command):
        return subprocess.run([str(part) for part in command], capture_output=True, text=True, timeout=SCAN_SECONDS)

    def test_sslscan_finds_current_versions_and_authenticated_encryption_only(self):
        report = self.folder / "sslscan.xml"
        scan = self.scan("sslscan", f"--xml={report}", "--show-sigs", f"localhost:{self.port}")
        self.assertEqual(scan.returncode, 0, scan.stdout + scan.stderr)
        found = ElementTree.parse(report).find("ssltest")

        enabled = {f"{p.get('type')}{p.get('version')}" for p in found.findall("protocol") if p.get("enabled") == "1"}
        self.assertEqual(enabled, {"tls1.2", "tls1.3"})
        ciphers = found.findall("cipher")
        self.assertGreater(len(ciphers), 6)
        for cipher in ciphers:
            self.assertRegex(cipher.get("cipher"), r"^(TLS_|ECDHE-(ECDSA|RSA)-).*(GCM|CHACHA20)", "of " + cipher.get("sslversion"))
            self.assertGreaterEqual(int(cipher.get("bits")), 128)
        self.assertEqual(found.find("renegotiation").get("supported"), "0")
        self.assertEqual({h.get("vulnerable") for h in found.findall("heartbleed")}, {"0"})

    def test_testssl_finds_nothing_worse_than_a_certificate_for_tests(self):
        report = self.folder / "testssl.json"
        # Protocols, suites, the server's order, its defaults, known attacks. Neither questions to the DNS nor the
        # headers of HTTP, which are the routes' business.
        # It also ends with 1 where a connection took it too long, on a busy machine: what it found counts.
        self.scan("testssl", "--quiet", "--color", "0", "--warnings", "off", "--nodns", "none", "--ip", "127.0.0.1",
                  "-p", "-s", "-P", "-S", "-U", "--add-ca", self.authority, "--openssl-timeout", "20", "--jsonfile", report,
                  f"localhost:{self.port}")
        findings = json.loads(report.read_text())
        good = {f["id"] for f in findings if f["severity"] == "OK"}
        bad = {f"{f['id']}: {f['finding']}" for f in findings if f["severity"] in ("LOW", "MEDIUM", "HIGH", "CRITICAL")
               # Who makes certificates for tests answers no questions about them.
               and not f["id"].startswith("cert_revocation")}

        self.assertEqual(bad, set())
        self.assertLessEqual({"TLS1_2", "TLS1_3", "ALPN_HTTP2", "cipher_order", "heartbleed", "ROBOT", "secure_renego",
                              "secure_client_renego", "LUCKY13", "fallback_SCSV"}, good)


if __name__ == "__main__":
    unittest.main()
