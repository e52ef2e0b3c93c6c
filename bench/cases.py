# SPDX-License-Identifier: Apache-2.0
"""The cases: what is asked, over how many connections, and the ratio of CPU per request that is the aim."""
from dataclasses import dataclass, field

import policies
from documents import varied_json
from subjects import Shape, composed_page, route_prefixes

# What a browser or an SDK sends: with Host these are 12 fields of about 800 bytes.
REALISTIC_FIELDS = {
    "User-Agent": "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/124.0.0.0 "
                  "Safari/537.36",
    "Accept": "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,image/webp,*/*;q=0.8",
    "Accept-Language": "en-GB,en;q=0.9,de;q=0.8",
    "Accept-Encoding": "gzip, deflate, br",
    "Cache-Control": "no-cache",
    "Referer": "https://shop.example.com/catalogue/shoes?page=3&sort=price",
    "Cookie": "session=8f14e45fceea167a5a36dedd4bea2543; theme=dark; _ga=GA1.2.1287364501.1700000000; "
              "consent=analytics%3Dtrue%26marketing%3Dfalse; cart=b1946ac92492d2347c6235b4d2611184",
    "Authorization": "Bearer 9b74c9897bac770ffc029102a200c5de7c6235b4d2611184b1946ac9",
    "X-Request-ID": "018f6b2e-7a3c-7d11-9c55-3f0a2b7d9e41",
    "X-Forwarded-Proto": "https",
    "DNT": "1",
}


KEYED = {"X-Api-Key": policies.API_KEY}


@dataclass(frozen=True)
class Case:
    name: str
    title: str
    connections: int = 64
    path: str = "/"
    fields: dict = field(default_factory=dict)
    body: int = 0  # bytes of a POST
    text: str = ""  # or what a POST says
    streams: int = 0  # at a time on each connection, of HTTP/2; asked by h2load instead of wrk
    shape: Shape = Shape()
    aims: dict = field(default_factory=dict)  # peer -> ratio
    aim_us: float = None  # at most so much CPU more than `against`, or in all without it
    message: int = 0  # bytes of a WebSocket's message; a request is then a message and its echo
    token: bool = False  # the request carries a token that was signed for the run
    expect: int = 1024  # bytes of the response
    status: int = 200
    coding: str = ""  # of the response; how long it is then says who compressed it
    paths: tuple = ()  # asked in turn instead of `path`
    against: Shape = None  # the same subject is also measured with this one

    @property
    def sent(self):
        """The body of a POST; empty for a GET."""
        return self.text.encode() or b"x" * self.body


ONE_OF_MANY = tuple(f"{prefix}/7" for prefix in route_prefixes(10_000)[::211])

CASES = (
    Case("bare", "GET 1 KiB, 64 connections, bare request", aims={"nginx": 0.88, "haproxy": 0.80}),
    Case("fields", "the same with 12 realistic header fields", fields=REALISTIC_FIELDS,
         aims={"nginx": 0.88, "haproxy": 0.80}),
    Case("log", "the same with access log on everywhere", fields=REALISTIC_FIELDS, shape=Shape(access_log=True),
         aims={"nginx": 0.88, "haproxy": 0.75}),
    Case("conns-1000", "GET 1 KiB, 1,000 connections", connections=1000, aims={"nginx": 0.85, "haproxy": 0.75}),
    Case("conns-1", "GET 1 KiB, 1 connection", connections=1, aims={"nginx": 1.00, "haproxy": 0.92}),
    Case("get-64k", "GET 64 KiB", path="/64k", expect=65536, shape=Shape(big_bodies=True),
         aims={"nginx": 0.95, "haproxy": 0.70}),
    Case("post-64k", "POST 64 KiB", path="/store", body=65536, expect=6, shape=Shape(big_bodies=True),
         aims={"nginx": 0.97, "haproxy": 0.70}),
    Case("get-256k", "GET 256 KiB", path="/256k", expect=1 << 18, shape=Shape(big_bodies=True)),
    Case("get-1m", "GET 1 MiB", path="/1024k", expect=1 << 20, shape=Shape(big_bodies=True),
         aims={"nginx": 0.40, "haproxy": 0.95}),
    Case("new-conn", "new connection per request", fields={"Connection": "close"},
         aims={"nginx": 1.00, "haproxy": 0.85}),
    Case("tls", "TLS 1.3, GET 1 KiB, 64 connections", shape=Shape(tls=True), aims={"nginx": 0.80, "haproxy": 0.80}),
    Case("tls-handshake", "TLS 1.3, full handshake per request (P-256)", fields={"Connection": "close"},
         shape=Shape(tls=True), aims={"nginx": 1.00}),
    Case("tls-get-1m", "TLS 1.3, GET 1 MiB", path="/1024k", expect=1 << 20, shape=Shape(tls=True, big_bodies=True),
         aims={"nginx": 0.75, "haproxy": 0.75}),
    Case("routes", "10,000 routes", paths=ONE_OF_MANY, shape=Shape(routes=10_000), against=Shape(),
         aims={"itself": 1.05}),
    Case("h2c", "HTTP/2 without TLS, 16 connections of 32 streams, GET 1 KiB", connections=16, streams=32,
         shape=Shape(http2=True), aims={"nginx": 0.95, "haproxy": 0.95, "nghttpx": 0.95}),
    Case("h2", "HTTP/2 over TLS 1.3, 16 connections of 32 streams, GET 1 KiB", connections=16, streams=32,
         shape=Shape(http2=True, tls=True), aims={"nginx": 0.95, "haproxy": 0.95, "nghttpx": 0.95}),
    Case("grpc", "gRPC unary, HTTP/2 on both sides, 16 connections of 32 streams", connections=16, streams=32,
         path="/shop.Cart/Add", fields={"content-type": "application/grpc", "te": "trailers"}, body=64, expect=100,
         shape=Shape(grpc=True), aims={"nginx": 0.90, "haproxy": 0.90}),
    Case("websocket", "WebSocket, 128 bytes and their echo, 64 connections", message=128, shape=Shape(websocket=True)),
    Case("websocket-4k", "WebSocket, 4 KiB and their echo, 64 connections", message=4096, shape=Shape(websocket=True)),
    Case("gzip", "gzip at level 6 of 16 KiB of JSON", path="/json", fields={"Accept-Encoding": "gzip"},
         expect=len(varied_json()), shape=Shape(compress="gzip")),
    Case("br", "br at level 4 of the same", path="/json", fields={"Accept-Encoding": "br"}, expect=len(varied_json()),
         shape=Shape(compress="br")),
    Case("zstd", "zstd at level 3 of the same", path="/json", fields={"Accept-Encoding": "zstd"},
         expect=len(varied_json()), shape=Shape(compress="zstd")),
    Case("compose", "three JSON bodies of 10 KiB become one, with pick and rename", path="/page",
         expect=len(composed_page()), shape=Shape(compose=True), aims={"node": 0.20, "nginx + Lua": 0.50}),
    Case("edits", "header edit filter", fields=REALISTIC_FIELDS, shape=Shape(header_edits=True), against=Shape(),
         aim_us=0.1),
    Case("policies", "API key, limit by consumer and two header edits", path="/policed", fields=KEYED,
         shape=Shape(policies="key"), against=Shape(), aim_us=0.6),
    Case("jwt", "JWT (RS256), limit by subject and two header edits", path="/policed", token=True,
         shape=Shape(policies="token"), aims={"haproxy": 1.00, "nginx + Lua": 0.33}),
    Case("redis", "limit decided by Redis for each request", path="/policed", expect=7, shape=Shape(policies="redis"),
         aim_us=20.0),
)
