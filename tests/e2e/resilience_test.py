# SPDX-License-Identifier: Apache-2.0
"""A service of three processes of which one is killed while requests are under way: no client notices."""
import http.client
import signal
import sys
import threading
import unittest

from harness import SERVICES, Case, Running, eventually


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
        statuses, ended = [], threading.Event()

        def ask():
            connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            while not ended.is_set():
                connection.request("GET", "/users/1")
                answer = connection.getresponse()
                answer.read()
                statuses.append(answer.status)
            connection.close()

        clients = [threading.Thread(target=ask) for _ in range(8)]
        for client in clients:
            client.start()
        self.addCleanup(ended.set)
        eventually(lambda: len(statuses) > 300, "requests to all three")

        services[0][0].send(signal.SIGKILL)
        services[0][0].wait()
        self.gateway.says(rf"warning upstream svc: 127\.0\.0\.1:{services[0][1]} is out of service for 30s: ")
        before = len(statuses)
        eventually(lambda: len(statuses) > before + 300, "requests to the other two")
        ended.set()
        for client in clients:
            client.join()

        self.assertEqual(set(statuses), {200})
        [upstream] = self.admin("/upstreams").json()["upstreams"]
        self.assertEqual(sorted(t["state"] for t in upstream["targets"]), ["ejected", "healthy", "healthy"])
        self.assertEqual(self.metric("sluice_upstream_ejections_total", upstream="svc"), 1)


if __name__ == "__main__":
    unittest.main()
