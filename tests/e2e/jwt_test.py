# SPDX-License-Identifier: Apache-2.0
"""Tokens made by another implementation (Debian's python3-jwt), keys published by a server of Python's own."""
import base64
import hashlib
import hmac
import json
import threading
import time
import unittest
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from jwt.algorithms import ECAlgorithm, OKPAlgorithm, RSAAlgorithm

from harness import Case, eventually

ISSUER = "https://idp.example.com"


def make_key(algorithm):
    if algorithm[:2] in ("RS", "PS"):
        return rsa.generate_private_key(65537, 2048)
    if algorithm == "EdDSA":
        return ed25519.Ed25519PrivateKey.generate()
    return ec.generate_private_key({"ES256": ec.SECP256R1, "ES384": ec.SECP384R1, "ES512": ec.SECP521R1}[algorithm]())


def jwk(key, algorithm, kid):
    kind = {"R": RSAAlgorithm, "P": RSAAlgorithm, "E": ECAlgorithm}[algorithm[0]]
    if algorithm == "EdDSA":
        kind = OKPAlgorithm
    if kind is ECAlgorithm:  # which this version of python3-jwt cannot write
        numbers = key.public_key().public_numbers()
        size = (key.curve.key_size + 7) // 8
        text = {part: base64.urlsafe_b64encode(getattr(numbers, part).to_bytes(size, "big")).rstrip(b"=").decode()
                for part in "xy"}
        return {"kty": "EC", "crv": f"P-{key.curve.key_size}", **text, "kid": kid, "use": "sig"}
    made = kind.to_jwk(key.public_key())
    return {**(json.loads(made) if isinstance(made, str) else made), "kid": kid, "use": "sig"}


class Issuer:
    """Publishes whatever `keys` holds, for as long as it is up."""

    def __init__(self, owner):
        self.keys, self.asked = [], 0
        issuer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                issuer.asked += 1
                base = f"http://127.0.0.1:{issuer.port}"
                found = {"/.well-known/openid-configuration": {"issuer": ISSUER, "jwks_uri": f"{base}/keys"},
                         "/keys": {"keys": issuer.keys}}.get(self.path)
                body = json.dumps(found).encode()
                self.send_response(200 if found else 404)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.port = self.server.server_port
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        owner.addCleanup(self.server.server_close)
        owner.addCleanup(self.server.shutdown)


class Tokens(Case):
    def setUp(self):
        super().setUp()
        self.issuer = Issuer(self)

    def serve_jwt(self, settings):
        self.serve(f"""  - name: all
    match: {{path: /**}}
    use:
      - jwt: {{issuer: "{ISSUER}", audience: api, {settings}}}
      - headers: {{response: {{set: {{X-Sub: "${{claim.sub}}"}}}}}}
    to: hello""")

    def serve_published(self):
        self.serve_jwt(f'discovery: "http://127.0.0.1:{self.issuer.port}/.well-known/openid-configuration"')

    def claims(self, **more):
        now = int(time.time())
        return {"iss": ISSUER, "aud": "api", "sub": "alice", "iat": now, "exp": now + 300, **more}

    def status(self, token):
        return self.curl("/hello", "-H", f"Authorization: Bearer {token}").status

    def test_of_each_algorithm_are_taken(self):
        algorithms = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]
        keys = {a: make_key(a) for a in algorithms}
        self.issuer.keys = [jwk(key, a, a) for a, key in keys.items()]
        self.serve_published()
        for a, key in keys.items():
            with self.subTest(a):
                token = jwt.encode(self.claims(), key, a, headers={"kid": a})
                answer = self.curl("/hello", "-H", f"Authorization: Bearer {token}")
                self.assertEqual(answer.status, 200)
                self.assertEqual(answer["x-sub"], "alice")
                head, claims, signature = token.split(".")
                other = "A" if signature[10] != "A" else "B"
                self.assertEqual(self.status(f"{head}.{claims}.{signature[:10]}{other}{signature[11:]}"), 401)

    def test_that_attackers_make_are_refused(self):
        key = make_key("RS256")
        self.issuer.keys = [jwk(key, "RS256", "a")]
        self.serve_published()
        pem = key.public_key().public_bytes(serialization.Encoding.PEM,
                                            serialization.PublicFormat.SubjectPublicKeyInfo)
        none = jwt.encode(self.claims(), None, "none", headers={"kid": "a"})
        head, claims, _ = jwt.encode(self.claims(), "x" * 32, "HS256", headers={"kid": "a"}).split(".")
        mac = hmac.new(pem, f"{head}.{claims}".encode(), hashlib.sha256).digest()
        confused = f"{head}.{claims}." + base64.urlsafe_b64encode(mac).rstrip(b"=").decode()
        for name, token in {"none": none, "confused": confused,
                            "expired": jwt.encode(self.claims(exp=1), key, "RS256", headers={"kid": "a"}),
                            "early": jwt.encode(self.claims(nbf=2**32), key, "RS256", headers={"kid": "a"}),
                            "audience": jwt.encode(self.claims(aud="web"), key, "RS256", headers={"kid": "a"}),
                            "issuer": jwt.encode(self.claims(iss="x"), key, "RS256", headers={"kid": "a"}),
                            "embedded": jwt.encode(self.claims(), make_key("RS256"), "RS256",
                                                   headers={"kid": "a", "jwk": {}, "jku": "http://127.0.0.1:1/"}),
                            "path": jwt.encode(self.claims(), key, "RS256", headers={"kid": "../../dev/null"}),
                            }.items():
            with self.subTest(name):
                self.assertEqual(self.status(token), 401)
        self.assertEqual(self.status(jwt.encode(self.claims(), key, "RS256", headers={"kid": "a"})), 200)

    def test_with_a_secret_are_taken_where_one_is_written(self):
        self.serve_jwt('algorithms: HS384, secret: "' + "s" * 48 + '"')
        self.assertEqual(self.status(jwt.encode(self.claims(), "s" * 48, "HS384")), 200)
        self.assertEqual(self.status(jwt.encode(self.claims(), "s" * 48, "HS256")), 401)
        self.assertEqual(self.status(jwt.encode(self.claims(), "t" * 48, "HS384")), 401)

    def test_of_a_key_that_comes_later_are_taken_after_it_was_fetched(self):
        first, second = make_key("ES256"), make_key("ES256")
        self.issuer.keys = [jwk(first, "ES256", "a")]
        self.serve_published()
        self.assertEqual(self.status(jwt.encode(self.claims(), first, "ES256", headers={"kid": "a"})), 200)
        self.issuer.keys = [jwk(second, "ES256", "b")]
        token = jwt.encode(self.claims(), second, "ES256", headers={"kid": "b"})
        # At the latest ten seconds after the fetch before; the request that asks for it waits for the keys.
        eventually(lambda: self.status(token) == 200, "a token of the new key")
        self.assertEqual(self.issuer.asked, 4)
        self.assertEqual(self.status(jwt.encode(self.claims(), first, "ES256", headers={"kid": "a"})), 401)


if __name__ == "__main__":
    unittest.main()
