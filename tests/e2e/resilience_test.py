# SPDX-License-Identifier: Apache-2.0
"""A service of three processes of which one is killed while requests are under way: no client notices, also none that
changes something where the change may be asked for twice."""
import http.client
import itertools
import signal
import sys
import threading
import unittest

from harness import SERVICES, Case, Running, eventually


def reads():
    while True:
        yield "GET", "/users/1", None, {}


def changes():
    """By turns what is idempotent as it is, and what a key makes so."""
    for number in itertools.count():
        body = f'{{"name": "Ada {number}"}}'
        yield "PUT", "/users/2", body, {}
        yield "POST", "/users", body, {"Idempotency-Key": f"key-{number}"}


class Killed(Case):
    def service(self):
        process = Running([sys.executable, SERVICES / "users.py", "0"], owner=self)
        return process, int(process.says(r"listening on http://127\.0\.0\.1:(\d+)").group(1))

    def test_one_of_three_services_fails_no_request(self):
        services = [self.service() for _ in range(3)]
        targets = ", ".join(f'"http://127.0.0.1:{port}"' for _, port in services)
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
upstreams: {{svc: {{targets: [{targets}]}}}}
routes: [{{name: all, match: {{path: /**}}, to: svc}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        self.start()
        answers, ended = {"GET": [], "PUT": [], "POST": []}, threading.Event()

        def ask(requests):
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            for method, path, body, fields in requests:
                try:
                    connection.request(method, path, body, fields)
                    answer = connection.getresponse()
                    answer.read()
                    answers[method].append(answer.status)
                except (OSError, http.client.HTTPException) as error:
                    answers[method].append(repr(error))
                    connection.close()
                if ended.is_set():
                    break
            connection.close()

        def more(count):
            wanted = {method: len(statuses) + count for method, statuses in answers.items()}
            return lambda: all(len(answers[method]) > wanted[method] for method in wanted)

        clients = [threading.Thread(target=ask, args=(kind(),)) for kind in (*[reads] * 8, changes, changes)]
        for client in clients:
            client.start()
        self.addCleanup(ended.set)
        eventually(more(100), "requests to all three")

        services[0][0].send(signal.SIGKILL)
        services[0][0].wait()
        self.gateway.says(rf"warning upstream svc: 127\.0\.0\.1:{services[0][1]} is out of service for 30s: ")
        eventually(more(100), "requests to the other two")
        ended.set()
        for client in clients:
            client.join()

        self.assertEqual({method: set(statuses) for method, statuses in answers.items()},
                         {"GET": {200}, "PUT": {200}, "POST": {201}})
        [upstream] = self.admin("/upstreams").json()["upstreams"]
        self.assertEqual(sorted(t["state"] for t in upstream["targets"]), ["ejected", "healthy", "healthy"])
        self.assertEqual(self.metric("sluice_upstream_ejections_total", upstream="svc"), 1)


if __name__ == "__main__":
    unittest.main()
