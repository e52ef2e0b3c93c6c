# SPDX-License-Identifier: Apache-2.0
"""What is compared: Sluice and its peers, each configured at its best for one worker, and the backend.

A subject is made for one case (`Shape`), writes its configuration into a folder, and starts on a free port.
"""
import json
import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import features
import policies
from documents import MOVED, coded_json, varied_json
from processes import LOAD_CORE, PROXY_CORE, Process, accepts, free_port

ROOT = Path(__file__).resolve().parents[1]


@dataclass(frozen=True)
class Shape:
    """What a case asks of a proxy's configuration."""
    big_bodies: bool = False  # HAProxy splices, nginx has large buffers and no temporary file
    access_log: bool = False
    routes: int = 1
    header_edits: bool = False
    http2: bool = False  # from clients; HTTP/1.1 to the backend
    grpc: bool = False  # HTTP/2 without TLS on both sides, and a backend that sends trailers
    compose: bool = False  # three JSON bodies become one; against whoever can be told to
    silent: int = 0  # a port that takes connections and says nothing, for what is under way
    policies: str = ""  # who calls and how often: see policies.py
    feature: features.Settings = None  # what one row of features.py has
    websocket: bool = False  # the backend echoes messages
    compress: str = ""  # of JSON: gzip at level 6, br at 4, zstd at 3
    tls: bool = False  # 1.3 with AES-128-GCM, X25519 and a P-256 key, nothing resumed

    @property
    def scheme(self):
        return "https" if self.tls else "http"


SUITE = "TLS_AES_128_GCM_SHA256"


def make_certificate(folder):
    """A P-256 certificate of its own: its paths, certificate and key."""
    cert, key = folder / "cert.pem", folder / "cert.key"
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                    "-keyout", key, "-out", cert, "-days", "2", "-subj", "/CN=localhost"],
                   check=True, capture_output=True)
    (folder / "both.pem").write_text(cert.read_text() + key.read_text())  # as HAProxy wants it
    return cert, key


def version_of(*command):
    result = subprocess.run(command, capture_output=True, text=True)
    found = re.search(r"\d+\.\d+\.\d+\S*", result.stdout + result.stderr)
    return found.group() if found else "unknown"


def route_prefixes(count):
    """Prefixes as an API has them; with one route there is only the root."""
    return [f"/v1/teams/t{n:05}/orders" for n in range(count)] if count > 1 else []


def composed_part(n):
    """A JSON body of 10 KiB as services send it, and in the texts nothing that somebody writes differently."""
    items = [{"id": 1000 * n + i, "name": f"Product number {i}", "price": 1250 + i, "tags": ["red", "large"],
              "stock": True, "owner": {"id": 77, "mail": "ann@example.com"}} for i in range(79)]
    return json.dumps({"data": {"items": items}, "page": n}, separators=(",", ":"))


def composed_page():
    """What a composition of three parts is to answer: `data.items` of each, `name` called `title`."""
    page = {}
    for n in (1, 2, 3):
        items = json.loads(composed_part(n))["data"]["items"]
        page[f"p{n}"] = [{("title" if k == "name" else k): v for k, v in item.items()} for item in items]
    return json.dumps(page, separators=(",", ":"))


class Subject:
    name = ""
    binary = ""
    store = None  # a Redis that it needs, and its port

    def __init__(self, folder, backend_port, shape):
        self.write(folder, backend_port, shape)
        self.process = Process(self.command(), PROXY_CORE, accepts(self.port), folder / "output")

    def write(self, folder, backend_port, shape):
        """The configuration, and what that needs."""
        self.folder, self.backend, self.shape = folder, backend_port, shape
        folder.mkdir(parents=True, exist_ok=True)
        self.port = free_port()
        self.log = folder / "access.log"
        self.config = folder / "config"
        if shape.policies == "redis":
            self.store = policies.redis(folder)
        if shape.tls:
            self.cert, self.key = make_certificate(folder)
        self.config.write_text(self.text())

    @classmethod
    def available(cls):
        return shutil.which(cls.binary) is not None

    @classmethod
    def takes_part(cls, shape):
        return not shape.compose and not shape.policies and shape.compress in ("", "gzip")

    def stop(self):
        self.process.stop()
        if self.store:
            self.store[0].stop()
        self.log.unlink(missing_ok=True)


class Sluice(Subject):
    name, binary = "sluice", "build/release/sluice"

    @classmethod
    def takes_part(cls, shape):
        return True

    @classmethod
    def available(cls):
        if shutil.which(cls.binary) is None:
            return False
        return subprocess.run([cls.binary, "run", "--help"], capture_output=True).stdout.strip() != b""

    @classmethod
    def version(cls):
        said = subprocess.run([cls.binary, "version"], capture_output=True, text=True).stdout
        return said.strip().removeprefix("sluice ")

    def command(self):
        return [self.binary, "run", self.config]

    def text(self):
        feature = self.shape.feature
        log = f"{{format: json, to: {self.log}}}" if self.shape.access_log or feature and feature.access_log else "off"
        protocols = ", protocols: [h2]" if self.shape.http2 or self.shape.grpc else ""
        protocol = ", protocol: h2" if self.shape.grpc else ""
        listener = f", {feature.listener}" if feature and feature.listener else ""
        silent = f', silent: {{targets: ["http://127.0.0.1:{self.shape.silent}"]}}' if self.shape.silent else ""
        lines = ["version: 1", "workers: 1",
                 f'listeners: {{web: {{bind: "127.0.0.1:{self.port}"{protocols}{self.tls()}{listener}}}}}',
                 f'admin: {{bind: "127.0.0.1:{free_port()}"}}', f"access_log: {log}",
                 "shutdown: {pre_stop: 0s, grace: 1s}"]
        if feature:
            return "\n".join(lines + features.lines_of(feature, self)) + "\n"
        lines += [f'upstreams: {{app: {{targets: ["http://127.0.0.1:{self.backend}"]{protocol}}}{silent}}}', "routes:"]
        edits = ("use: [{headers: {request: {set: {X-Gateway: sluice}, remove: [X-Debug]}, "
                 "response: {set: {X-Served-By: sluice}, remove: [Server]}}}], " if self.shape.header_edits else "")
        lines += [f"  - {{name: r{n}, match: {{path: {prefix}/**}}, {edits}to: app}}"
                  for n, prefix in enumerate(route_prefixes(self.shape.routes))]
        if self.shape.compose:
            calls = ", ".join(f'p{n}: {{get: "app:/part{n}", pick: data.items, rename: {{"[].name": title}}, as: p{n}}}'
                              for n in (1, 2, 3))
            lines += [f"  - {{name: page, match: {{path: /page}}, compose: {{calls: {{{calls}}}}}}}"]
        if self.shape.compress:
            lines += ["  - {name: json, match: {path: /json}, use: [{compress: {codings: "
                      f"{self.shape.compress}, levels: {{gzip: 6, br: 4, zstd: 3}}}}}}], to: app}}"]
        if self.shape.policies:
            more, use = policies.of_sluice(self.shape.policies, self.folder, self.store and self.store[1])
            does = "respond: {status: 200, body: limited}" if self.store else "to: app"
            lines[1:1] = more
            lines += [f"  - {{name: policed, match: {{path: /policed}}, use: [{use}], {does}}}"]
        if self.shape.silent:
            calls = ", ".join(f'p{n}: {{get: "silent:/part{n}", as: p{n}}}' for n in (1, 2, 3))
            lines += [f"  - {{name: silent-page, match: {{path: /silent-page}}, compose: {{calls: {{{calls}}}}}}}",
                      "  - {name: silent, match: {path: /silent}, to: silent}"]
            calls = ", ".join(f'p{n}: {{get: "{upstream}:/part{n}", pick: data.items, rename: {{"[].name": title}}, as: p{n}}}'
                              for n, upstream in ((1, "app"), (2, "app"), (3, "silent")))
            lines += [f"  - {{name: half-page, match: {{path: /half-page}}, compose: {{calls: {{{calls}}}}}}}"]
        lines += [f"  - {{name: all, match: {{path: /**}}, {edits}to: app}}"]
        return "\n".join(lines) + "\n"


    def tls(self):
        if not self.shape.tls:
            return ""
        return f", tls: {{certs: {{cert: {self.cert}, key: {self.key}}}, min_version: 1.3, resumption: false}}"


class Nginx(Subject):
    name, binary = "nginx", "nginx"
    large_buffers = True

    @classmethod
    def version(cls):
        return version_of(cls.binary, "-v")

    def command(self):
        return [self.binary, "-p", self.folder, "-c", self.config.resolve(), "-e", "stderr"]

    def text(self):
        log = f"{self.log} combined buffer=64k flush=1s" if self.shape.access_log else "off"
        proxy = "proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection '';"
        if self.shape.header_edits:
            proxy += " proxy_set_header X-Gateway nginx; proxy_set_header X-Debug '';"
            proxy += " proxy_hide_header Server; add_header X-Served-By nginx;"
        if self.shape.big_bodies and self.large_buffers:
            proxy += " proxy_max_temp_file_size 0; proxy_buffer_size 64k; proxy_buffers 16 64k;"
            proxy += " proxy_busy_buffers_size 256k; client_body_buffer_size 128k;"
        http2 = "http2" if self.shape.http2 or self.shape.grpc else ""
        if self.shape.grpc:
            proxy = "grpc_pass grpc://app;"
        if self.shape.websocket:
            proxy = ("proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection upgrade; "
                     "proxy_set_header Upgrade $http_upgrade;")
        if self.shape.compress:
            proxy += " gzip on; gzip_comp_level 6; gzip_types application/json; gzip_min_length 1024; gzip_http_version 1.1;"
            proxy += " gzip_proxied any; proxy_buffer_size 32k; proxy_buffers 8 32k;"
        locations = "\n".join(f"location {p}/ {{ {proxy} }}" for p in route_prefixes(self.shape.routes))
        tls, ssl = "", ""
        if self.shape.tls:
            ssl = " ssl"
            tls = (f"ssl_certificate {self.cert}; ssl_certificate_key {self.key}; ssl_protocols TLSv1.3; "
                   f"ssl_conf_command Ciphersuites {SUITE}; ssl_ecdh_curve X25519; ssl_session_tickets off; "
                   "ssl_session_cache off;")
        return nginx_text(self.folder, f"""
          access_log {log}; {tls}
          upstream app {{ server 127.0.0.1:{self.backend}; keepalive 1024; keepalive_requests 100000000; }}
          server {{ listen 127.0.0.1:{self.port}{ssl} {http2} backlog=4096; location / {{ {proxy} }} {locations} }}""")


class NginxSmallBuffers(Nginx):
    """With the buffers that it has unless told otherwise: 8 of 4 KiB, and a temporary file for the rest."""
    name = "nginx, default buffers"
    large_buffers = False

    @classmethod
    def takes_part(cls, shape):
        return shape.big_bodies


class NginxLua(Nginx):
    """Composes in Lua, with cjson, the calls side by side."""
    name = "nginx + Lua"
    modules = [Path("/usr/lib/nginx/modules") / f"{name}_module.so" for name in ("ndk_http", "ngx_http_lua")]

    @classmethod
    def available(cls):
        return super().available() and all(module.exists() for module in cls.modules)

    @classmethod
    def takes_part(cls, shape):
        return shape.compose or shape.policies == "token"

    def text(self):
        main = " ".join(f"load_module {module};" for module in self.modules)
        policed = (f"location /policed {{ {policies.of_nginx_lua(self.folder)} proxy_pass http://app/; "
                   "proxy_http_version 1.1; proxy_set_header Connection ''; }" if self.shape.policies else "")
        return main + nginx_text(self.folder, f"""
          access_log off; lua_shared_dict limits 10m;
          upstream app {{ server 127.0.0.1:{self.backend}; keepalive 1024; keepalive_requests 100000000; }}
          server {{
            listen 127.0.0.1:{self.port} backlog=4096; {policed}
            location /part {{
              internal; proxy_pass http://app; proxy_http_version 1.1; proxy_set_header Connection '';
              proxy_buffer_size 16k; proxy_buffers 8 16k; proxy_busy_buffers_size 32k;
            }}
            location = /page {{
              default_type application/json;
              content_by_lua_block {{
                local cjson = require "cjson"
                local page = {{}}
                local answers = {{ngx.location.capture_multi {{{{"/part1"}}, {{"/part2"}}, {{"/part3"}}}}}}
                for n, answer in ipairs(answers) do
                  local items = cjson.decode(answer.body).data.items
                  for _, item in ipairs(items) do
                    item.title, item.name = item.name, nil
                  end
                  page["p" .. n] = items
                end
                local body = cjson.encode(page)
                ngx.header.content_length = #body
                ngx.print(body)
              }}
            }}
          }}""")


class Node(Subject):
    """Composes by hand in Node: undici, JSON.parse, JSON.stringify; node:http where undici is not installed
    (tests/e2e/npm_modules.sh)."""
    name, binary = "node", "node"
    undici = ROOT / "build/npm/node_modules/undici"

    @classmethod
    def version(cls):
        if not (cls.undici / "package.json").exists():
            return version_of(cls.binary, "--version") + " with node:http"
        return version_of(cls.binary, "--version") + " with undici " + json.loads(
            (cls.undici / "package.json").read_text())["version"]

    @classmethod
    def takes_part(cls, shape):
        return shape.compose

    def command(self):
        return [self.binary, self.config]

    def client(self):
        if self.undici.exists():
            return f"""
const {{Pool}} = require('{self.undici}');
const pool = new Pool('http://127.0.0.1:{self.backend}', {{connections: 256, pipelining: 1}});
const call = path => pool.request({{path, method: 'GET'}}).then(answer => answer.body.json());"""
        return f"""
const agent = new http.Agent({{keepAlive: true, maxSockets: 1024}});
const call = path => new Promise((resolve, reject) => {{
  http.get({{host: '127.0.0.1', port: {self.backend}, path, agent}}, answer => {{
    const pieces = [];
    answer.on('data', piece => pieces.push(piece));
    answer.on('end', () => resolve(JSON.parse(Buffer.concat(pieces))));
    answer.on('error', reject);
  }}).on('error', reject);
}});"""

    def text(self):
        return f"""
const http = require('http');{self.client()}
http.createServer(async (request, response) => {{
  const page = {{}};
  const parts = await Promise.all([1, 2, 3].map(n => call('/part' + n)));
  parts.forEach((part, n) => {{
    page['p' + (n + 1)] = part.data.items.map(item => {{
      const {{name, ...rest}} = item;
      return {{title: name, ...rest}};
    }});
  }});
  const body = Buffer.from(JSON.stringify(page));
  response.writeHead(200, {{'Content-Type': 'application/json', 'Content-Length': body.length}});
  response.end(body);
}}).listen({self.port}, '127.0.0.1', 4096);
"""


def nginx_text(folder, http):
    return f"""daemon off; worker_processes 1; worker_rlimit_nofile 20000; error_log stderr warn; pid {folder}/pid;
events {{ worker_connections 19000; }}
http {{
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  default_type application/octet-stream; sendfile on; keepalive_timeout 75; keepalive_requests 100000000;
  {http}
}}
"""


class Haproxy(Subject):
    name, binary = "haproxy", "haproxy"

    @classmethod
    def takes_part(cls, shape):
        return not shape.compose and shape.policies in ("", "token") and shape.compress in ("", "gzip")

    @classmethod
    def version(cls):
        return version_of(cls.binary, "-v")

    def command(self):
        return [self.binary, "-db", "-f", self.config]

    def text(self):
        log = "log stdout format raw local0\n  option httplog" if self.shape.access_log else "no log"
        # splice-auto leaves most of these bodies unspliced.
        splice = "option splice-response\n  option splice-request" if self.shape.big_bodies else ""
        edits = ("http-request set-header X-Gateway haproxy\n  http-request del-header X-Debug\n"
                 "  http-response del-header Server\n  http-response set-header X-Served-By haproxy\n"
                 if self.shape.header_edits or self.shape.policies else "")
        if self.shape.compress:
            edits += "compression algo gzip\n  compression type application/json\n"
        if self.shape.policies:
            edits = policies.of_haproxy(self.folder) + "  " + edits
        over_h2 = self.shape.http2 or self.shape.grpc
        proto = ("alpn h2" if self.shape.tls else "proto h2") if over_h2 else ""
        to_app = "proto h2" if self.shape.grpc else ""
        routes = ""
        if self.shape.routes > 1:
            table = self.folder / "routes.map"
            table.write_text("".join(f"{p}/ app\n" for p in route_prefixes(self.shape.routes)))
            routes = f"use_backend %[path,map_beg({table},app)]"
        tls = (f" ssl crt {self.folder / 'both.pem'} ssl-min-ver TLSv1.3 ciphersuites {SUITE} curves X25519 no-tls-tickets"
               if self.shape.tls else "")
        return f"""global
  tune.ssl.cachesize 0
  tune.comp.maxlevel 6
  nbthread 1
  maxconn 6000
defaults
  mode http
  {log}
  {splice}
  http-reuse always
  timeout connect 5s
  timeout client 75s
  timeout server 75s
  timeout tunnel 75s
frontend web
  bind 127.0.0.1:{self.port} backlog 4096{tls} {proto}
  {edits}
  {routes}
  default_backend app
backend app
  server app 127.0.0.1:{self.backend} pool-max-conn -1 {to_app}
"""


class Nghttpx(Subject):
    """Of nghttp2's own authors; takes part where clients speak HTTP/2."""
    name, binary = "nghttpx", "nghttpx"

    @classmethod
    def takes_part(cls, shape):
        return shape.http2

    @classmethod
    def version(cls):
        return version_of(cls.binary, "--version")

    def command(self):
        return [self.binary, "--conf", self.config]

    def text(self):
        frontend, tls = ";no-tls", ""
        if self.shape.tls:
            frontend = ""
            tls = (f"private-key-file={self.key}\ncertificate-file={self.cert}\ntls-min-proto-version=TLSv1.3\n"
                   f"tls13-ciphers={SUITE}\necdh-curves=X25519\n")
        return f"""frontend=127.0.0.1,{self.port}{frontend}
backend=127.0.0.1,{self.backend}
{tls}\
workers=1
single-process=yes
single-thread=yes
errorlog-file=/dev/null
accesslog-file=/dev/null
"""


class Backend:
    """What stands behind every subject: an nginx of its own beside the load generator."""

    def __init__(self, folder):
        folder.mkdir(parents=True, exist_ok=True)
        self.port, inner = free_port(), folder / "inner.sock"
        for kib in (64, 256, 1024):
            (folder / f"{kib}k").write_bytes(b"x" * kib * 1024)
        for n in (1, 2, 3):
            (folder / f"part{n}").write_text(composed_part(n))
        (folder / "json").write_text(varied_json())
        (folder / "coded").write_bytes(coded_json())
        moved = (f'add_header Location "http://127.0.0.1:{self.port}/items/7"; '
                 f'add_header Set-Cookie "cart=b1946ac92492d234; Path=/; HttpOnly"; return 200 "{MOVED}";')
        config = folder / "config"
        # A response of nginx alone may overtake the request's body; passing on reads it to the end first.
        config.write_text(nginx_text(folder, f"""
          access_log off; open_file_cache max=10; root {folder}; client_body_buffer_size 128k;
          server {{ listen unix:{inner}; return 200 "stored"; }}
          upstream inner {{ server unix:{inner}; keepalive 64; keepalive_requests 100000000; }}
          server {{
            listen 127.0.0.1:{self.port} backlog=4096; listen 127.0.0.2:{self.port} backlog=4096;
            location = /json {{ default_type application/json; }}
            location = /coded {{ default_type application/json; add_header Content-Encoding gzip; }}
            location = /moved {{ {moved} }}  location = /api/moved {{ {moved} }}
            location = /64k {{}}  location = /256k {{}}  location = /1024k {{}}  location /part {{ default_type application/json; }}
            location = /store {{ proxy_pass http://inner; proxy_pass_request_body off; proxy_http_version 1.1;
                                 proxy_set_header Connection ''; proxy_set_header Content-Length ''; }}
            location / {{ return 200 "{'x' * 1024}"; }}
          }}"""))
        self.process = Process(["nginx", "-p", folder, "-c", config.resolve(), "-e", "stderr"], LOAD_CORE,
                               accepts(self.port), folder / "output")

        self.grpc = grpc_backend(folder / "grpc")
        self.echo = None  # a process and its port; see start_echo()
        self.folder = folder

    def start_echo(self, binary):
        """What echoes messages of WebSockets."""
        port = free_port()
        self.echo = Process([binary, "serve", str(port)], LOAD_CORE, accepts(port), self.folder / "echo-output"), port

    def port_for(self, shape):
        if shape.websocket:
            return self.echo[1]
        return self.grpc[1] if shape.grpc else self.port

    def stop(self):
        self.process.stop()
        self.grpc[0].stop()
        if self.echo:
            self.echo[0].stop()


def grpc_backend(folder):
    """A process and its port: what answers a call as a service would, with trailers, and costs little itself."""
    method = folder / "shop.Cart/Add"
    method.parent.mkdir(parents=True, exist_ok=True)
    method.write_bytes(b"\0\0\0\0\x5f" + b"x" * 95)
    port = free_port()
    return Process(["nghttpd", "--no-tls", "-a", "127.0.0.1", "-d", folder, "--no-content-length", "-m", "1000",
                    "--trailer=grpc-status: 0", str(port)], LOAD_CORE, accepts(port), folder / "output"), port


SUBJECTS = (Sluice, Nginx, NginxSmallBuffers, Haproxy, Nghttpx, NginxLua, Node)
