# SPDX-License-Identifier: Apache-2.0
"""What each feature costs, one after the other against the bare configuration of the same binary: CPU, and instructions
where valgrind is there to count them. A feature that is on unless turned off is compared with a configuration that turns
it off."""
import json
from dataclasses import dataclass, field

import policies
from documents import coded_json, varied_json


@dataclass(frozen=True)
class Settings:
    """What a configuration has beside the bare one."""
    use: str = ""  # filters of the route
    upstream: str = ""  # more of the upstream `app`
    targets: int = 1
    listener: str = ""  # more of the listener
    path: str = "/**"  # of the route's match
    match: str = ""  # more of the route's match
    route: str = ""  # more of the route
    handler: str = "to: app"
    other: bool = False  # a second upstream, `other`
    top: str = ""  # a line of the whole
    access_log: bool = False


@dataclass(frozen=True)
class Answer:
    """What a request must get, or it is not measured."""
    status: int = 200
    expect: int = 1024  # bytes of the body
    coding: str = ""


@dataclass(frozen=True)
class Feature:
    name: str
    title: str
    with_it: Settings = Settings()
    without: Settings = Settings()
    fields: dict = field(default_factory=dict)
    path: str = "/"  # that is asked for
    body: int = 0
    text: str = ""  # sent in place of `body` bytes
    token: bool = False
    cookie: bool = False  # the request carries the cookie that the first answer sets
    answer: Answer = Answer()
    answer_without: Answer = Answer()
    aim_us: float = None  # at most so much CPU more


BUSY = 1_000_000_000  # a limit that counts and never refuses
TWO = Settings(targets=2)
JSON = json.dumps({"items": [{"id": n, "name": f"Product {n}", "tags": ["red", "large"]} for n in range(20)]})
BROWSER = "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 Safari/537.36"


def filters(name, title, text, **more):
    return Feature(name, title, Settings(use=text), **more)


FEATURES = (
    filters("headers", "`headers`, two edits each way",
            "{headers: {request: {set: {X-Gateway: sluice}, remove: [X-Debug]}, "
            "response: {set: {X-Served-By: sluice}, remove: [Server]}}}"),
    filters("cors", "`cors`, a request with an Origin", "{cors: {origins: [\"https://app.example.com\"]}}",
            fields={"Origin": "https://app.example.com"}),
    filters("ip_access", "`ip_access`, four networks", "{ip_access: {allow: [127.0.0.0/8, 10.0.0.0/8, 192.168.0.0/16, "
            "\"2001:db8::/32\"]}}"),
    Feature("api_key", "`api_key`", Settings(use="{api_key: {header: X-Api-Key}}", top=policies.consumers()),
            fields={"X-Api-Key": policies.API_KEY}),
    Feature("jwt", "`jwt`, a token that was seen before", Settings(use="{jwt: JWT}"), token=True, aim_us=1.0),
    Feature("jwt_uncached", "`jwt` with `cache: 0`, RS256 checked each time", Settings(use="{jwt: JWT_UNCACHED}"), token=True),
    filters("rate_limit", "`rate_limit` by address", f"{{rate_limit: {{limit: {BUSY}/min}}}}"),
    filters("concurrency", "`concurrency` by address", "{concurrency: {limit: 1000000}}"),
    Feature("rewrite", "`rewrite` of a prefix and `rewrite_response` of a Location and a cookie",
            Settings(path="/api/**", use="{rewrite_response: {location: true, cookies: {path: undo, secure: true}}}, "
                                         "{rewrite: {strip_prefix: /api}}"), path="/api/moved"),
    filters("request_id", "`request_id`, one made for each request", "{request_id: {}}"),
    Feature("redirect", "`redirect`, in place of a forward",
            Settings(handler="redirect: {path: \"/v2${request.path}\"}"), answer=Answer(status=302, expect=0)),
    Feature("respond", "`respond` with two variables, in place of a forward",
            Settings(handler="respond: {body: \"${request.method} by ${client.ip}\"}"),
            answer=Answer(expect=len("GET by 127.0.0.1"))),
    filters("security_headers", "`security_headers`", "{security_headers: {}}"),
    filters("compress", "`compress`, for a client that takes none", "{compress: {types: [application/octet-stream]}}"),
    Feature("compress_gzip", "`compress`, 16 KiB of JSON by gzip", Settings(use="{compress: {codings: gzip}}"), path="/json",
            fields={"Accept-Encoding": "gzip"}, answer=Answer(coding="gzip"), answer_without=Answer(expect=len(varied_json()))),
    filters("body_limit", "`body_limit`, 1 KiB sent", "{body_limit: {max: 64KiB}}", body=1024),
    Feature("mirror", "`mirror`, a copy of each request", Settings(use="{mirror: {to: other}}", other=True)),
    Feature("retry", "`retry`, which is on unless turned off", Settings(), Settings(upstream="retry: {attempts: 1}")),
    Feature("retry_body", "the same, 1 KiB sent that may be sent twice", Settings(),
            Settings(upstream="retry: {attempts: 1}"), body=1024, fields={"Idempotency-Key": "018f6b2e7a3c7d11"}),
    Feature("retry_on", "`retry.on`: 502, 503 and 504", Settings(upstream="retry: {on: [502, 503, 504]}")),
    Feature("outlier", "`outlier`, which is on unless turned off", Settings(), Settings(upstream="outlier: off")),
    Feature("circuit_breaker", "`circuit_breaker`", Settings(upstream="circuit_breaker: default")),
    Feature("limits", "`limits.max_requests`", Settings(upstream="limits: {max_requests: 100000}")),
    Feature("queue", "the same with a `queue`", Settings(upstream="limits: {max_requests: 100000}, queue: {max: 100}")),
    Feature("propagate", "`timeouts.propagate`, a deadline for the target", Settings(upstream="timeouts: {propagate: true}")),
    Feature("round_robin", "two targets, `round_robin`", Settings(targets=2, upstream="balance: round_robin")),
    Feature("least_request", "two targets, `least_request`", TWO),
    Feature("random", "the same, `random`", Settings(targets=2, upstream="balance: random"), TWO),
    Feature("peak_ewma", "the same, `peak_ewma`", Settings(targets=2, upstream="balance: peak_ewma"), TWO),
    Feature("consistent_hash", "the same, `consistent_hash` by a header",
            Settings(targets=2, upstream="balance: consistent_hash, hash_by: header.X-Tenant"), TWO,
            fields={"X-Tenant": "acme"}),
    Feature("sticky", "the same, `sticky`, a client that has its cookie",
            Settings(targets=2, upstream=f"sticky: {{cookie: shop_target, secret: {'s' * 32}, secure: false}}"), TWO,
            cookie=True),
    Feature("split", "`split` between two upstreams", Settings(handler="split: {to: {app: 90, other: 10}}", other=True)),
    Feature("branch", "`branch` on a header",
            Settings(handler="branch: [{when: 'header[\"x-tier\"] == \"gold\"', to: other}, {to: app}]", other=True),
            fields={"X-Tier": "free"}),
    Feature("match_header", "a match on a header", Settings(match="header: {X-Tenant: acme}"), fields={"X-Tenant": "acme"}),
    Feature("when", "a match by `when`, two comparisons",
            Settings(match="when: 'header[\"x-tenant\"] == \"acme\" && request.method != \"TRACE\"'"),
            fields={"X-Tenant": "acme"}),
    Feature("match_regex", "a match on the path and a header by expressions",
            Settings(path='{regex: "/[a-z0-9]*"}', match='header: {X-Tenant: {regex: "[a-z]+"}}'), fields={"X-Tenant": "acme"}),
    filters("decompress", "`decompress`, of an answer that is plain", "{decompress: {}}"),
    Feature("decompress_gzip", "`decompress`, of an answer by gzip, 16 KiB of JSON", Settings(use="{decompress: {}}"),
            path="/coded", fields={"Accept-Encoding": "identity"}, answer=Answer(expect=len(varied_json())),
            answer_without=Answer(expect=len(coded_json()), coding="gzip")),
    Feature("json_limits", "`json_limits`, 1 KiB of JSON sent", Settings(use="{json_limits: {}}"), text=JSON,
            fields={"Content-Type": "application/json"}),
    filters("query", "`query`, one parameter removed and one set", '{query: {remove: ["utm_*"], set: {tenant: acme}}}',
            path="/?page=3&utm_source=mail"),
    filters("method", "`method`, a POST that names none",
            "{method: {from_header: X-HTTP-Method-Override, allow: [PUT, PATCH]}}", body=64),
    filters("csrf", "`csrf`, a POST of the same site", "{csrf: {}}", body=64, fields={"Sec-Fetch-Site": "same-origin"}),
    filters("bots", "`bots`, four patterns, a browser", '{bots: {deny: [scrapy, "python-requests/", GPTBot, CCBot]}}',
            fields={"User-Agent": BROWSER}),
    Feature("hedge", "`hedge`, and nothing is late", Settings(targets=2, upstream="hedge: 10s"), TWO),
    Feature("failover", "`failover`, and nothing is down", Settings(upstream="failover: other", other=True)),
    Feature("adaptive_concurrency", "`adaptive_concurrency`", Settings(upstream="adaptive_concurrency: true")),
    Feature("importance", "`importance` of the route", Settings(route="importance: low")),
    Feature("memory_limit", "`overload.memory_limit`", Settings(top="overload: {memory_limit: 4GiB}")),
    Feature("error_pages", "`error_pages`, and nothing fails",
            Settings(route='error_pages: {5xx: {html: "<h1>${error.title}</h1>", intercept: true}}')),
    Feature("trusted_proxies", "`trusted_proxies`, a chain of two",
            Settings(listener="trusted_proxies: [127.0.0.0/8, 10.0.0.0/8]"), fields={"X-Forwarded-For": "203.0.113.7, 10.0.0.2"}),
    Feature("forwarded", "`forwarded: rfc7239`, against `x_forwarded`", Settings(upstream="forwarded: rfc7239")),
    Feature("forwarded_off", "`forwarded: x_forwarded`, which is on unless turned off", Settings(),
            Settings(upstream="forwarded: off")),
    Feature("min_data_rate", "`min_data_rate`, 1 KiB sent", Settings(listener="min_data_rate: 240B"), body=1024),
    Feature("max_connections", "`max_connections`, in all and by address",
            Settings(listener="max_connections: 100000, max_connections_per_ip: 100000")),
    Feature("health", "`health`, both of two targets asked every second",
            Settings(targets=2, upstream="health: {path: /, interval: 1s, timeout: 1s}"), TWO),
    Feature("access_log", "the access log, JSON, to a file", Settings(access_log=True)),
)


def lines_of(settings, subject):
    """The configuration from the upstreams on."""
    jwt = policies.jwt_settings(subject.folder) if "JWT" in settings.use else ""
    use = settings.use.replace("JWT_UNCACHED", "{" + jwt + ", cache: 0}").replace("JWT", "{" + jwt + "}")
    targets = ", ".join(f'"http://127.0.0.{n + 1}:{subject.backend}"' for n in range(settings.targets))
    more = f", {settings.upstream}" if settings.upstream else ""
    other = f', other: {{targets: ["http://127.0.0.1:{subject.backend}"]}}' if settings.other else ""
    match = f", {settings.match}" if settings.match else ""
    route = f", {settings.route}" if settings.route else ""
    return [*([settings.top] if settings.top else []),
            f"upstreams: {{app: {{targets: [{targets}]{more}}}{other}}}", "routes:",
            f"  - {{name: all, match: {{path: {settings.path}{match}}}, use: [{use}], {settings.handler}{route}}}"]
