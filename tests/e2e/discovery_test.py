# SPDX-License-Identifier: Apache-2.0
"""Targets that come and go: names and services of a nameserver that changes, fails and says nothing, and a file of
endpoints, with real services behind them and real load on top. The nameserver is a fake (fake_dns.py)."""
import json
import os
import signal
import sys
import threading
import unittest
from pathlib import Path

from harness import SERVICES, Case, Running, eventually, unused_port


class Discovery(Case):
    def setUp(self):
        super().setUp()
        self.zone = self.folder / "zone.json"
        self.say({})
        dns = Running([sys.executable, Path(__file__).with_name("fake_dns.py"), self.zone, 0], owner=self)
        self.nameserver = dns.says(r"on (127\.0\.0\.1:\d+)").group(1)
        self.service_port = unused_port()

    def put(self, path, text):
        new = path.with_suffix(".new")
        new.write_text(text)
        os.replace(new, path)

    def say(self, zone):
        self.put(self.zone, json.dumps(zone))

    def service(self, address, port=None):
        """A Flask service of this test alone on one of loopback's many addresses."""
        port = port or self.service_port
        service = Running(["gunicorn", "--chdir", SERVICES, "--bind", f"{address}:{port}", "--threads", "16",
                           "--keep-alive", "30", "--graceful-timeout", "2", "hello:app"], owner=self)
        service.says(r"Listening at: ")
        return service

    def serve_upstream(self, upstream):
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
resolver: {{nameservers: "{self.nameserver}"}}
upstreams: {{svc: {upstream}}}
routes: [{{name: all, match: {{path: /**}}, to: svc}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        self.start()

    def targets(self, state="healthy"):
        [upstream] = self.admin("/upstreams").json()["upstreams"]
        return [t["target"] for t in upstream["targets"] if t["state"] == state]

    def await_targets(self, *wanted):
        eventually(lambda: self.targets() == list(wanted), f"targets {wanted}")

    def shown(self, *addresses):
        return [f"orders.test:{self.service_port} ({a})" for a in addresses]

    def log(self):
        return [json.loads(line) for line in self.access_log.read_text().rpartition("\n")[0].splitlines()]

    def await_logged(self, target):
        eventually(lambda: any(line["target"] == target for line in self.log()), f"a line of the log with {target}")

    def test_follows_a_name_that_changes_fails_and_says_nothing_without_one_failed_request(self):
        services = {a: self.service(a) for a in ("127.0.0.2", "127.0.0.3")}
        self.say({"orders.test": {"a": ["127.0.0.2"]}})
        self.serve_upstream(f"{{url: http://orders.test:{self.service_port}}}")
        self.await_targets(*self.shown("127.0.0.2"))
        reports = []
        load = threading.Thread(target=lambda: reports.append(self.wrk("/hello", seconds=16)))
        load.start()

        self.say({"orders.test": {"a": ["127.0.0.2", "127.0.0.3"]}})
        self.await_targets(*self.shown("127.0.0.2", "127.0.0.3"))
        failed = self.metric("sluice_dns_lookups_total", result="failed")
        self.say({"orders.test": {"mood": "servfail"}})
        eventually(lambda: self.metric("sluice_dns_lookups_total", result="failed") > failed, "a failed lookup")
        self.assertEqual(self.targets(), self.shown("127.0.0.2", "127.0.0.3"))
        failed = self.metric("sluice_dns_lookups_total", result="failed")
        self.say({"orders.test": {"mood": "garbage"}})
        eventually(lambda: self.metric("sluice_dns_lookups_total", result="failed") > failed, "an answer of rubbish")
        self.say({"orders.test": {"mood": "nothing"}})
        eventually(lambda: self.metric("sluice_discovery_kept", upstream="svc") == 1, "the alarm")
        self.assertEqual(self.targets(), self.shown("127.0.0.2", "127.0.0.3"))
        self.say({"orders.test": {"a": ["127.0.0.3"]}})
        self.await_targets(*self.shown("127.0.0.3"))
        eventually(lambda: not self.targets("draining"), "the end of the last request to the old address")
        services["127.0.0.2"].end()
        load.join()

        self.assertEqual(len(reports), 1, "wrk saw failures")
        self.assertEqual(self.metric("sluice_discovery_kept", upstream="svc"), 0)
        targets = {line["target"] for line in self.log()}
        self.assertEqual(targets, set(self.shown("127.0.0.2", "127.0.0.3")))
        self.assertEqual(self.metric("sluice_upstream_requests_total", reason="upstream_connect_failed"), 0)

    def test_takes_targets_away_when_the_grace_is_over_and_back_when_they_are_there_again(self):
        self.service("127.0.0.2")
        self.say({"orders.test": {"a": ["127.0.0.2"]}})
        self.serve_upstream(f"{{url: http://orders.test:{self.service_port}, grace: 1s}}")
        self.await_targets(*self.shown("127.0.0.2"))

        self.say({})
        eventually(lambda: self.curl("/hello").status == 502, "the end of the grace")
        self.gateway.says(r"has no targets any more \(no such name\): the last 1 stay for 1s")
        self.gateway.says(r"error .*has had no targets for 1s")

        self.say({"orders.test": {"a": ["127.0.0.2"]}})
        eventually(lambda: self.curl("/hello").status == 200, "the name again")

    def test_follows_the_places_of_a_service_by_priority(self):
        other = unused_port()
        self.service("127.0.0.2")
        self.service("127.0.0.3", other)
        zone = {"a.test": {"a": ["127.0.0.2"]}, "b.test": {"a": ["127.0.0.3"]},
                "_http._tcp.orders.test": {"srv": [[0, 1, self.service_port, "a.test"], [9, 1, other, "b.test"]]}}
        self.say(zone)
        self.serve_upstream("{url: srv+http://_http._tcp.orders.test}")
        first, second = f"a.test:{self.service_port} (127.0.0.2)", f"b.test:{other} (127.0.0.3)"
        self.await_targets(first, second)

        for _ in range(10):
            self.assertEqual(self.curl("/hello").status, 200)
        eventually(lambda: len(self.log()) == 10, "ten lines of the log")
        self.assertEqual({line["target"] for line in self.log()}, {first})
        zone["_http._tcp.orders.test"] = {"srv": [[9, 1, other, "b.test"]]}
        self.say(zone)
        self.await_targets(second)
        self.assertEqual(self.curl("/hello").status, 200)

        self.await_logged(second)

    def test_follows_a_file_through_links_and_keeps_the_last_good_one(self):
        for address in ("127.0.0.2", "127.0.0.3"):
            self.service(address)
        one, two = self.folder / "one.yaml", self.folder / "two.json"
        one.write_text(f"- http://127.0.0.2:{self.service_port}\n")
        two.write_text(json.dumps([{"url": f"http://127.0.0.2:{self.service_port}", "weight": 1},
                                   {"url": f"http://127.0.0.3:{self.service_port}", "weight": 9}]))
        link = self.folder / "endpoints"
        link.symlink_to(one)
        self.serve_upstream("{endpoints_file: endpoints}")
        self.await_targets(f"127.0.0.2:{self.service_port}")

        new = self.folder / "endpoints.new"
        new.symlink_to(two)
        os.replace(new, link)
        self.await_targets(f"127.0.0.2:{self.service_port}", f"127.0.0.3:{self.service_port}")
        self.put(two, "[{url: http://127.0.0.4:1, wieght: 3}]")
        self.gateway.says(r"error upstream svc: \S+: the targets of before stay in force: line 1, column \d+: .*wieght")
        self.put(two, "[]")
        self.gateway.says(r"has no targets any more \(the list is empty\): the last 2 stay for 5m")

        self.assertEqual(len(self.targets()), 2)
        self.assertEqual(self.curl("/hello").status, 200)

    def test_takes_targets_from_the_admin_server_until_they_are_taken_back(self):
        for address in ("127.0.0.2", "127.0.0.3"):
            self.service(address)
        self.serve_upstream(f"{{url: http://127.0.0.2:{self.service_port}}}")
        page = f"http://127.0.0.1:{self.admin_port}/upstreams/svc/targets"

        def tell(method, body="", url=page):
            return self.curl("", "-X", method, "--data-binary", "@-", url=url, stdin=body.encode())

        self.assertEqual(tell("PUT", json.dumps([{"url": f"http://127.0.0.3:{self.service_port}"}])).json(), {"targets": 1})
        self.await_targets(f"127.0.0.3:{self.service_port}")
        self.reload()
        self.assertEqual(self.targets(), [f"127.0.0.3:{self.service_port}"])
        self.assertEqual(self.curl("/hello").status, 200)
        self.await_logged(f"127.0.0.3:{self.service_port}")

        for body in ("[]", "[7]", '["https://127.0.0.3"]', "", "x" * 2_000_000):
            self.assertIn(tell("PUT", body).status, (400, 413), body[:20])
        self.assertEqual(tell("PUT", "[]", page.replace("svc", "other")).status, 404)
        self.assertEqual(tell("POST").status, 405)
        self.assertEqual(self.curl("", "-X", "PUT", "-H", "Host: evil.example", "-d", "[]", url=page).status, 421)
        self.assertEqual(self.targets(), [f"127.0.0.3:{self.service_port}"])

        self.assertEqual(tell("DELETE").status, 200)
        self.await_targets(f"127.0.0.2:{self.service_port}")
        self.assertEqual(tell("DELETE").status, 404)

    def test_persists_targets_of_the_admin_server_over_a_restart(self):
        for address in ("127.0.0.2", "127.0.0.3"):
            self.service(address)
        state = self.folder / "state"
        upstream = f"{{url: http://127.0.0.2:{self.service_port}}}"
        self.serve_upstream(upstream + f"}}\nstate_directory: {state}\n#")

        def restart():
            self.gateway.send(signal.SIGTERM)
            self.assertEqual(self.gateway.wait(), 0)
            self.start()

        def tell(method, *options):
            return self.curl("", "-X", method, *options,
                             url=f"http://127.0.0.1:{self.admin_port}/upstreams/svc/targets?persist=true")

        put = ("--data-binary", json.dumps([{"url": f"http://127.0.0.3:{self.service_port}", "zone": "b"}]))
        self.assertEqual(tell("PUT", *put).json(), {"targets": 1, "persisted": True})
        restart()
        self.gateway.says(r"upstream svc: 1 targets of the admin server, as they were persisted")
        self.assertEqual(self.targets(), [f"127.0.0.3:{self.service_port}"])
        self.assertEqual(self.curl("/hello").status, 200)
        self.await_logged(f"127.0.0.3:{self.service_port}")
        [shown] = self.admin("/upstreams").json()["upstreams"]
        self.assertEqual((shown["source"], shown["persisted"], shown["targets"][0]["zone"]), ("admin", True, "b"))

        with open(state / "targets", "a") as file:
            file.write("0123456789abcdef nonsense\n")
        restart()
        self.gateway.says(r"targets is damaged \(1 lines, the first one is line 3\): it is kept as \S+targets.damaged-1")
        self.assertEqual(self.targets(), [f"127.0.0.3:{self.service_port}"])

        self.assertEqual(tell("DELETE").status, 200)
        restart()
        self.assertEqual(self.targets(), [f"127.0.0.2:{self.service_port}"])


if __name__ == "__main__":
    unittest.main()
