# SPDX-License-Identifier: Apache-2.0
"""What the proxies are told when a case asks for policies (`Shape.policies`): who calls, how often, and two edits of the
head, with the same token, key and limit for everybody.

  key     an API key names the consumer, a limit counts by it
  token   a signed token (RS256, RSA with 2,048 bits) names the caller; expiry, issuer and signature are checked
  redis   a limit that several gateways share, decided by a Redis for each request; answered without a service
"""
import base64
import hashlib
import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from processes import LOAD_CORE, Process, accepts, free_port

API_KEY = "f3c1c4c54c1d8f0b9a6e7d5b2a19c0de"
ISSUER = "https://idp.example.com"
PER_MINUTE = 1_000_000_000  # a limit that counts and never refuses


@dataclass(frozen=True)
class Token:
    text: str
    public_key: Path


def base64url(data):
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def make_token(folder):
    """A token that is good for an hour, of a key made for the run."""
    private, public = folder / "issuer.key", folder / "issuer.pem"
    if not private.exists():
        folder.mkdir(parents=True, exist_ok=True)
        subprocess.run(["openssl", "genrsa", "-out", private, "2048"], check=True, capture_output=True)
        subprocess.run(["openssl", "rsa", "-in", private, "-pubout", "-out", public], check=True, capture_output=True)
    claims = {"iss": ISSUER, "sub": "ann", "aud": "api", "exp": int(time.time()) + 3600, "scope": "orders:read"}
    signed = ".".join(base64url(json.dumps(part, separators=(",", ":")).encode())
                      for part in ({"alg": "RS256", "typ": "JWT", "kid": "one"}, claims))
    signature = subprocess.run(["openssl", "dgst", "-sha256", "-sign", private], input=signed.encode(), check=True,
                               capture_output=True).stdout
    return Token(f"{signed}.{base64url(signature)}", public)


def redis(folder):
    """A Redis of its own, which keeps nothing, beside the load generator; its process and port."""
    port = free_port()
    return Process(["redis-server", "--bind", "127.0.0.1", "--port", str(port), "--save", "", "--appendonly", "no",
                    "--dir", folder], LOAD_CORE, accepts(port), folder / "redis-output"), port


def consumers():
    """A line of Sluice's configuration."""
    digest = hashlib.sha256(API_KEY.encode()).hexdigest()
    return f'consumers: [{{name: ann, api_keys: ["sha256:{digest}"]}}]'


def jwt_settings(folder):
    public = make_token(folder.parent / "issuer").public_key
    return f'issuer: "{ISSUER}", audience: api, algorithms: RS256, keys: "${{file:{public}}}"'


def of_sluice(kind, folder, redis_port=0):
    """Lines of the configuration, and the filters of the route."""
    edits = ("{headers: {request: {set: {X-Gateway: sluice}, remove: [X-Debug]}, "
             "response: {set: {X-Served-By: sluice}, remove: [Server]}}}")
    if kind == "redis":
        return ([f'stores: {{shared: {{redis: {{url: "redis://127.0.0.1:{redis_port}"}}, on_error: deny}}}}'],
                f"{{rate_limit: {{limit: {PER_MINUTE}/min, by: ip, store: shared}}}}")
    if kind == "key":
        return [consumers()], f"{{api_key: {{header: X-Api-Key}}}}, {{rate_limit: {{limit: {PER_MINUTE}/min, by: consumer}}}}, {edits}"
    return [], (f"{{jwt: {{{jwt_settings(folder)}}}}}, "
                f"{{rate_limit: {{limit: {PER_MINUTE}/min, by: claim.sub}}}}, {edits}")


def of_haproxy(folder):
    """Lines of the frontend: jwt_verify, and a stick table by the token's subject."""
    public = make_token(folder.parent / "issuer").public_key
    return f"""http-request set-var(txn.bearer) http_auth_bearer
  http-request set-var(txn.alg) var(txn.bearer),jwt_header_query('$.alg')
  http-request deny deny_status 401 unless {{ var(txn.alg) -m str RS256 }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_payload_query('$.iss') -m str {ISSUER} }}
  http-request set-var(txn.exp) var(txn.bearer),jwt_payload_query('$.exp','int')
  http-request set-var(txn.left) date,neg,add(txn.exp)
  http-request deny deny_status 401 if {{ var(txn.left) -m int lt 0 }}
  http-request deny deny_status 401 unless {{ var(txn.bearer),jwt_verify(txn.alg,"{public}") 1 }}
  stick-table type string len 64 size 100k expire 1m store http_req_rate(1m)
  http-request track-sc0 var(txn.bearer),jwt_payload_query('$.sub')
  http-request deny deny_status 429 if {{ sc_http_req_rate(0) gt {PER_MINUTE} }}
"""


def of_nginx_lua(folder):
    """The access phase: luaossl verifies, cjson reads the claims, a shared dictionary counts by the minute."""
    public = make_token(folder.parent / "issuer").public_key
    return f"""
      set $subject '';
      access_by_lua_block {{
        local field = ngx.var.http_authorization
        local signed, head, payload, signature = string.match(field or "", "^Bearer (([%w_-]+)%.([%w_-]+))%.([%w_-]+)$")
        if not signed then return ngx.exit(401) end
        local base64 = require "ngx.base64"
        local cjson = require "cjson"
        if cjson.decode(base64.decode_base64url(head)).alg ~= "RS256" then return ngx.exit(401) end
        local digest = require("openssl.digest").new("sha256")
        digest:update(signed)
        if not issuer_key then
          local file = io.open("{public}")
          issuer_key = require("openssl.pkey").new(file:read("*a"))
          file:close()
        end
        if not issuer_key:verify(base64.decode_base64url(signature), digest) then return ngx.exit(401) end
        local claims = cjson.decode(base64.decode_base64url(payload))
        if claims.iss ~= "{ISSUER}" or claims.exp < ngx.time() then return ngx.exit(401) end
        local minute = math.floor(ngx.time() / 60)
        if ngx.shared.limits:incr(claims.sub .. ":" .. minute, 1, 0, 120) > {PER_MINUTE} then return ngx.exit(429) end
      }}
      proxy_set_header X-Gateway nginx; proxy_set_header X-Debug ''; proxy_hide_header Server;
      add_header X-Served-By nginx;
"""
