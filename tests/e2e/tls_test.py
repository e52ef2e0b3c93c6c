# SPDX-License-Identifier: Apache-2.0
"""TLS as curl and `openssl s_client` see it: versions, resumption, stapling, names, clients' certificates, upstreams."""
import os
import subprocess
import time
import unittest

from harness import BINARY, PATIENCE, Case, GatewayProcess, Running, eventually, hello, sluice, unused_port


class Tls(Case):
    def setUp(self):
        super().setUp()
        self.certs = self.folder / "certs"
        self.dev_cert("localhost", "127.0.0.1")

    def dev_cert(self, *names):
        result = sluice("dev-cert", "--dir", self.certs, *names)
        self.assertEqual(result.returncode, 0, result.stderr)
        return result.stdout

    def serve_tls(self, tls="", upstreams="", to="hello"):
        self.config.write_text(f"""version: 1
listeners:
  web:
    bind: "127.0.0.1:0"
    tls:
      certs: [{{cert: certs/localhost.pem, key: certs/localhost.key}}]
{tls}
admin: {{bind: "127.0.0.1:0"}}
upstreams:
  hello: {{targets: ["http://127.0.0.1:{hello()}"]}}
{upstreams}
routes:
  - {{name: all, match: {{path: /**}}, to: {to}}}
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 20s}}
""")
        return self.start()

    def https(self, path="/", *options):
        return self.curl(path, "--cacert", self.certs / "ca.pem", *options,
                         url=f"https://localhost:{self.port}{path}")

    def s_client(self, *options, text="", name="localhost"):
        command = ["openssl", "s_client", "-connect", f"127.0.0.1:{self.port}", "-CAfile", self.certs / "ca.pem",
                   "-ign_eof", *options]
        if name:
            command += ["-servername", name]
        request = text or f"GET /hello HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
        result = subprocess.run([str(c) for c in command], input=request.encode(), capture_output=True, timeout=PATIENCE)
        return (result.stdout + result.stderr).decode(errors="replace")

    def test_curl_believes_the_certificate_and_gets_its_answer(self):
        self.serve_tls()
        answer = self.https("/hello")

        self.assertEqual(answer.status, 200)
        self.assertEqual(answer.report["ssl_verify_result"], 0)

    def test_versions_below_the_minimum_are_refused(self):
        self.serve_tls("      min_version: 1.3")

        self.assertIn("TLSv1.3", self.s_client("-tls1_3"))
        self.assertIn("protocol version", self.s_client("-tls1_2"))

    def test_sessions_are_resumed_in_both_versions(self):
        self.serve_tls()
        for version in ("-tls1_2", "-tls1_3"):
            session = self.folder / f"session{version}"
            self.assertIn("New, TLSv1", self.s_client(version, "-sess_out", session))
            self.assertIn("Reused, TLSv1", self.s_client(version, "-sess_in", session))

    def test_unknown_names_are_refused_when_that_was_asked_for(self):
        self.serve_tls("      strict_sni: true")

        self.assertIn("Verify return code: 0", self.s_client())
        self.assertIn("unrecognized name", self.s_client(name="elsewhere.example.com"))

    def test_clients_need_a_certificate_where_one_is_required(self):
        self.serve_tls("      client_auth: {ca: certs/ca.pem}")
        pasted = self.dev_cert("--client", "orders")
        cert, key = self.certs / "orders.pem", self.certs / "orders.key"

        self.assertIn(f'client_auth: {{mode: require, ca: "{self.certs}/ca.pem"}}', pasted)
        self.assertIn("alert", self.s_client())
        self.assertIn("HTTP/1.1 200", self.s_client("-cert", cert, "-key", key))

    def test_an_ocsp_response_is_stapled(self):
        index = self.folder / "index.txt"
        serial = subprocess.run(["openssl", "x509", "-in", self.certs / "localhost.pem", "-noout", "-serial"],
                                capture_output=True, text=True, check=True).stdout.strip().split("=")[1]
        index.write_text(f"V\t991231235959Z\t\t{serial}\tunknown\t/CN=localhost\n")
        subprocess.run(["openssl", "ocsp", "-index", index, "-CA", self.certs / "ca.pem", "-rsigner",
                        self.certs / "ca.pem", "-rkey", self.certs / "ca.key", "-issuer", self.certs / "ca.pem",
                        "-cert", self.certs / "localhost.pem", "-respout", self.certs / "ocsp", "-ndays", "2"],
                       check=True, capture_output=True)
        self.serve_tls()
        self.assertIn("no response sent", self.s_client("-status"))

        self.config.write_text(self.config.read_text().replace("localhost.key}", "localhost.key, ocsp: certs/ocsp}"))
        self.reload()
        self.assertIn("OCSP Response Status: successful", self.s_client("-status"))

    def openssl(self, *arguments):
        subprocess.run(["openssl", *map(str, arguments)], check=True, capture_output=True, timeout=PATIENCE)

    def issue_with_responder(self, port):
        """Replaces the certificate by one, number 0x1000, that demands a staple and says who is to be asked."""
        certs = self.certs
        key, request, cert, extensions = (self.folder / n for n in ("s.key", "s.csr", "s.pem", "s.ext"))
        extensions.write_text("subjectAltName=DNS:localhost\ntlsfeature=status_request\n"
                              f"authorityInfoAccess=OCSP;URI:http://127.0.0.1:{port}/\n")
        self.openssl("req", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out",
                     request, "-subj", "/CN=localhost")
        self.openssl("x509", "-req", "-in", request, "-CA", certs / "ca.pem", "-CAkey", certs / "ca.key", "-out", cert,
                     "-extfile", extensions, "-days", "2", "-set_serial", "0x1000")
        (certs / "localhost.pem").write_text(cert.read_text() + (certs / "ca.pem").read_text())
        (certs / "localhost.key").write_text(key.read_text())

    def test_the_responder_that_a_certificate_names_is_asked(self):
        index = self.folder / "index.txt"
        index.write_text("V\t991231235959Z\t\t1000\tunknown\t/CN=localhost\n")
        responder = Running(["openssl", "ocsp", "-port", "0", "-index", index, "-CA", self.certs / "ca.pem", "-rsigner",
                             self.certs / "ca.pem", "-rkey", self.certs / "ca.key", "-ndays", "1"], owner=self)
        self.issue_with_responder(responder.says(r"ACCEPT \S+:(\d+)").group(1))

        self.serve_tls()

        eventually(lambda: "OCSP Response Status: successful" in self.s_client("-status"), "a staple")
        self.assertIn("Cert Status: good", self.s_client("-status"))
        self.assertEqual(self.metric("sluice_tls_ocsp_answers_total", result="ok"), 1)

    def test_a_responder_that_is_not_there_is_complained_about_and_holds_nothing_up(self):
        self.issue_with_responder(unused_port())
        self.serve_tls()

        self.gateway.says(r"localhost.pem: no new OCSP answer to staple: .* cannot be asked: Connection refused; "
                          "clients refuse this certificate without one")
        self.assertIn("no response sent", self.s_client("-status"))
        self.assertEqual(self.https("/hello").status, 200)
        self.assertEqual(self.metric("sluice_tls_ocsp_answers_total", result="failed"), 1)

    def test_renewed_files_are_used_without_a_signal(self):
        self.serve_tls()
        before = self.s_client("-showcerts")
        self.dev_cert("localhost", "127.0.0.1", "renewed.example.com")
        eventually(lambda: self.gateway.count("certificates read again") > 0, "the new certificate")

        self.assertNotEqual(before.split("-----")[2], self.s_client("-showcerts").split("-----")[2])

    def test_wrk_sees_no_error_while_certificates_change(self):
        self.serve_tls()
        load = subprocess.Popen(["wrk", "-t1", "-c16", "-d3s", f"https://127.0.0.1:{self.port}/hello"],
                                stdout=subprocess.PIPE, text=True)
        for round_number in range(2):
            time.sleep(0.8)
            self.dev_cert("localhost", "127.0.0.1", f"r{round_number}.example.com")
        self.check_wrk(load.communicate(timeout=PATIENCE)[0])

    def test_targets_are_verified(self):
        port = unused_port()
        target = self.folder / "target.yaml"
        target.write_text(f"""version: 1
listeners: {{t: {{bind: "127.0.0.1:{port}", tls: {{certs: [{{cert: certs/localhost.pem, key: certs/localhost.key}}]}}}}}}
admin: {{bind: "127.0.0.1:0"}}
routes: [{{name: r, match: {{path: /**}}, respond: {{body: "from the target"}}}}]
""")
        GatewayProcess([BINARY, "run", target], owner=self).says(r"t on port")
        self.serve_tls(upstreams=f"""  good: {{url: "https://localhost:{port}", tls: {{ca: certs/ca.pem}}}}
  strange: {{url: "https://localhost:{port}"}}
""", to="good")
        self.assertEqual(self.https("/hello").body, b"from the target")

        self.config.write_text(self.config.read_text().replace("to: good", "to: strange"))
        self.reload()
        answer = self.https("/hello")
        self.assertEqual((answer.status, answer.json()["reason"]), (502, "upstream_tls"))

        self.gateway.end()
        self.start(env={**os.environ, "SSL_CERT_FILE": str(self.certs / "ca.pem")})
        self.assertEqual(self.https("/hello").body, b"from the target", "by the authorities of the system")


class DevCert(Case):
    def test_it_keeps_its_authority_and_guards_the_keys(self):
        folder = self.folder / "kept"
        first = sluice("dev-cert", "--dir", folder)
        authority = (folder / "ca.pem").read_text()
        second = sluice("dev-cert", "--dir", folder, "api.localhost")

        self.assertEqual((first.returncode, second.returncode), (0, 0), first.stderr + second.stderr)
        self.assertEqual(authority, (folder / "ca.pem").read_text())
        for key in ("ca.key", "localhost.key", "api.localhost.key"):
            self.assertEqual(os.stat(folder / key).st_mode & 0o777, 0o600, key)
        self.assertIn(f'cert: "{folder}/api.localhost.pem"', second.stdout)
        text = subprocess.run(["openssl", "x509", "-in", folder / "localhost.pem", "-noout", "-text"],
                              capture_output=True, text=True, check=True).stdout
        self.assertIn("DNS:localhost, IP Address:127.0.0.1, IP Address:0:0:0:0:0:0:0:1", text)

    def test_it_refuses_what_is_no_name(self):
        result = sluice("dev-cert", "--dir", self.folder, "a b")

        self.assertEqual(result.returncode, 2)
        self.assertIn("neither a host name nor an IP address", result.stderr)

    def test_it_does_not_overwrite_an_authority_that_it_cannot_read(self):
        (self.folder / "ca.pem").write_text("mine\n")
        result = sluice("dev-cert", "--dir", self.folder)

        self.assertEqual(result.returncode, 2)
        self.assertEqual((self.folder / "ca.pem").read_text(), "mine\n")


if __name__ == "__main__":
    unittest.main()
