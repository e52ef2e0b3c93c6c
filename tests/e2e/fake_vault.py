# SPDX-License-Identifier: Apache-2.0
"""A stand-in for HashiCorp's Vault: the part of its HTTP API that reads secrets of the KV engine, version 2, as
documented. It is no Vault: policies are a set of tokens, and nothing is encrypted."""
import http.server
import json
import ssl
import threading


class FakeVault(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port=0, token="s.good", namespace=None, certificate=None):
        super().__init__(("127.0.0.1", port), _Handler)
        self.port = self.server_address[1]
        self.token, self.namespace = token, namespace
        self.secrets = {}   # path of the API, such as secret/data/orders -> fields
        self.asked = []     # paths
        self.sealed = False
        self.speaks = threading.Event()  # while it is not set, whoever asks waits
        self.speaks.set()
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(*certificate)
            self.socket = context.wrap_socket(self.socket, server_side=True)
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.speaks.set()
        self.shutdown()
        self.server_close()

    def answer(self, path, fields):
        self.asked.append(path)
        self.speaks.wait()
        if self.sealed:
            return 503, {"errors": ["Vault is sealed"]}
        if fields.get("X-Vault-Token") != self.token:
            return 403, {"errors": ["permission denied"]}
        if fields.get("X-Vault-Namespace") != self.namespace or path not in self.secrets:
            return 404, {"errors": []}
        return 200, {"request_id": "b1a4", "lease_id": "", "renewable": False, "lease_duration": 0,
                     "data": {"data": self.secrets[path],
                              "metadata": {"created_time": "2026-01-02T03:04:05.0Z", "custom_metadata": None,
                                           "deletion_time": "", "destroyed": False, "version": 1}},
                     "wrap_info": None, "warnings": None, "auth": None}


class _Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        status, document = self.server.answer(self.path.removeprefix("/v1/"), self.headers)
        body = json.dumps(document).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Cache-Control", "no-store")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        try:
            self.wfile.write(body)
        except ConnectionError:
            pass  # who asked has given up

    def log_message(self, *_):
        pass
