# SPDX-License-Identifier: Apache-2.0
"""A stand-in for a collector of OpenTelemetry: takes logs by OTLP over HTTP in JSON, and answers as it is told to."""
import http.server
import json
import threading


class FakeCollector(http.server.ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self, port=0):
        super().__init__(("127.0.0.1", port), _Handler)
        self.port = self.server_address[1]
        self.answers = []      # (status, header fields, body) of the next requests; 200 without any
        self.requests = []     # (path, header fields, document, status), those that were refused too
        self.holding = threading.Event()
        self.holding.set()     # cleared: answers have to wait
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def close(self):
        self.holding.set()
        self.shutdown()
        self.server_close()

    def records(self):
        """Every log record of the requests that were answered 200, its attributes as a dictionary under `attributes`."""
        out = []
        for _, _, document, status in list(self.requests):
            if status != 200:
                continue
            for resource in document["resourceLogs"]:
                for scope in resource["scopeLogs"]:
                    out += [{**record, "attributes": flat(record["attributes"])} for record in scope["logRecords"]]
        return out

    def resource(self):
        return flat(self.requests[-1][2]["resourceLogs"][0]["resource"]["attributes"])


def flat(attributes):
    return {a["key"]: next(iter(a["value"].values())) for a in attributes}


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        document = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        status, fields, body = self.server.answers.pop(0) if self.server.answers else (200, {}, "{}")
        self.server.requests.append((self.path, dict(self.headers.items()), document, status))
        self.server.holding.wait()
        self.send_response(status)
        for name, value in fields.items():
            self.send_header(name, value)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body.encode())

    def log_message(self, *_):
        pass
