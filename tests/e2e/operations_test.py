# SPDX-License-Identifier: Apache-2.0
"""What an operator does to a running gateway: reload, drain, rotate, look, and get wrong."""
import http.client
import json
import os
import re
import resource
import signal
import socket
import subprocess
import threading
import unittest

from harness import BINARY, PATIENCE, Case, GatewayProcess, eventually, sluice

HELLO = "  - {name: hello, match: {path: /**}, to: hello}"
USERS = "  - {name: users, match: {path: /**}, to: users}"


def stamped(value):
    """The users' route with a response header that tells one configuration from the next."""
    stamp = f"{{headers: {{response: {{set: {{X-Version: {value}}}}}}}}}"
    return f"  - {{name: users, match: {{path: /**}}, use: [{stamp}], to: users}}"


class Reload(Case):
    def test_loses_no_request_in_a_hundred_reloads(self):
        self.serve(stamped("v0"))
        load = subprocess.Popen(["wrk", "-t1", "-c32", "-d300s", self.url("/users/1")], stdout=subprocess.PIPE,
                                text=True)
        self.addCleanup(load.wait)
        self.addCleanup(load.kill)
        eventually(lambda: self.metric("sluice_requests_total", route="users") > 100, "load")

        for number in range(1, 101):
            self.config.write_text(self.text(stamped(f"v{number}")))
            self.reload()
            self.assertEqual(self.curl("/users/1")["x-version"], f"v{number}")
        self.assertIsNone(load.poll(), "the load ended before the reloads did")
        load.send_signal(signal.SIGINT)
        report = load.communicate()[0]

        self.check_wrk(report)
        self.assertEqual(self.metric("sluice_config_reloads_total", result="ok"), 100)
        self.assertEqual(self.metric("sluice_config_last_reload_success"), 1)

    def test_keeps_the_old_configuration_when_the_new_one_is_bad(self):
        self.serve(USERS)
        self.config.write_text(self.text("  - {name: users, match: {path: /**}, to: usres}"))
        self.reload()

        self.assertEqual(self.curl("/users/1").status, 200)
        self.assertRegex(self.gateway.output(), r"sluice\.yaml:\d+:\d+: .*usres")
        self.assertIn("did you mean", self.gateway.output())
        self.assertEqual(self.metric("sluice_config_reloads_total", result="rejected"), 1)
        self.assertEqual(self.metric("sluice_config_last_reload_success"), 0)

    def test_keeps_serving_when_the_file_is_gone(self):
        self.serve(USERS)
        self.config.unlink()
        self.reload()

        self.assertIn(str(self.config), self.gateway.output())
        self.assertEqual(self.curl("/users/1").status, 200)

    def test_keeps_serving_when_a_file_that_is_included_cannot_be_read(self):
        part = self.folder / "part.yaml"
        part.write_text("policies: {stamp: {headers: {response: {set: {X-Part: one}}}}}\n")
        self.serve(USERS, more="include: part.yaml\nuse: [stamp]")
        self.assertEqual(self.curl("/users/1")["x-part"], "one")
        part.unlink()
        part.mkdir()
        self.reload()

        self.assertRegex(self.gateway.output(), r"sluice\.yaml:\d+:\d+: error: cannot read .*part\.yaml: Is a directory")
        answer = self.curl("/users/1")
        self.assertEqual((answer.status, answer["x-part"]), (200, "one"))
        self.assertEqual(self.metric("sluice_config_reloads_total", result="rejected"), 1)
        self.assertEqual(self.metric("sluice_config_last_reload_success"), 0)

    def test_lets_a_request_in_flight_end_under_the_configuration_that_it_began_with(self):
        self.serve(HELLO)
        answers = []
        slow = threading.Thread(target=lambda: answers.append(self.curl("/slow?seconds=2")))
        slow.start()
        eventually(lambda: self.metric("sluice_requests_in_flight", route="hello") == 1, "the request in flight")
        self.config.write_text(self.text(USERS))
        self.reload()
        slow.join()

        self.assertEqual(answers[0].json(), {"waited": 2.0})
        self.assertEqual(self.curl("/users/1").status, 200)


class Drain(Case):
    def test_finishes_the_request_in_flight_and_then_ends_with_zero(self):
        self.serve(HELLO)
        answers = []
        slow = threading.Thread(target=lambda: answers.append(self.curl("/slow?seconds=2")))
        slow.start()
        eventually(lambda: self.metric("sluice_requests_in_flight", route="hello") == 1, "the request in flight")
        self.gateway.send(signal.SIGTERM)
        slow.join()

        self.assertEqual(answers[0].json(), {"waited": 2.0})
        self.assertEqual(self.gateway.wait(), 0, self.gateway.output())
        self.assertIn("stopped", self.gateway.output())

    def test_says_how_many_connections_it_has_cut(self):
        self.config.write_text(self.text(HELLO).replace("grace: 20s", "grace: 500ms"))
        self.start()
        slow = subprocess.Popen(["curl", "-s", self.url("/slow?seconds=30")], stdout=subprocess.DEVNULL)
        self.addCleanup(slow.wait)
        self.addCleanup(slow.kill)
        eventually(lambda: self.metric("sluice_requests_in_flight", route="hello") == 1, "the request in flight")
        self.gateway.send(signal.SIGTERM)

        self.assertEqual(self.gateway.wait(), 0, self.gateway.output())
        self.assertRegex(self.gateway.output(), r"\b1 connections were cut\n")

    def test_says_no_on_readyz_before_it_stops_accepting(self):
        self.config.write_text(self.text(HELLO).replace("pre_stop: 0s", "pre_stop: 4s"))
        self.start()
        self.assertEqual(self.admin("/readyz").status, 200)
        self.gateway.send(signal.SIGTERM)

        eventually(lambda: self.admin("/readyz").status == 503, "readyz says no")
        self.assertEqual(self.admin("/livez").status, 200)
        self.assertEqual(self.curl("/hello").status, 200)
        self.assertEqual(self.gateway.wait(), 0)

    def test_ends_at_once_at_the_second_signal(self):
        self.serve(HELLO)
        slow = subprocess.Popen(["curl", "-s", self.url("/slow?seconds=30")], stdout=subprocess.DEVNULL)
        self.addCleanup(slow.wait)
        self.addCleanup(slow.kill)
        eventually(lambda: self.metric("sluice_requests_in_flight", route="hello") == 1, "the request in flight")
        self.gateway.send(signal.SIGTERM)
        self.gateway.says("draining")
        self.gateway.send(signal.SIGTERM)

        self.assertEqual(self.gateway.wait(), 1)
        self.gateway.ends_with = (1,)


class Logs(Case):
    def lines(self):
        return [json.loads(line) for line in self.access_log.read_text().split("\n") if line]

    def test_writes_one_line_of_json_for_each_request(self):
        self.serve(HELLO)
        self.curl("/hello?name=Ada", "-H", "User-Agent: e2e")
        self.curl("/missing")
        lines = eventually(lambda: self.lines() if len(self.lines()) == 2 else None, "two lines")
        first, second = sorted(lines, key=lambda line: line["status"])  # two workers keep no common order

        self.assertEqual((first["status"], second["status"]), (200, 404))
        self.assertEqual(first["route"], "hello")
        self.assertEqual(first["method"], "GET")
        self.assertIn("/hello", first["path"])

    def test_goes_on_in_a_new_file_after_rotation(self):
        self.serve(HELLO)
        self.curl("/hello")
        eventually(lambda: self.access_log.exists() and len(self.lines()) == 1, "the first line")
        old = self.folder / "access.log.1"
        self.access_log.rename(old)
        self.gateway.send(signal.SIGUSR1)
        eventually(self.access_log.exists, "the new file")
        self.curl("/hello")

        eventually(lambda: len(self.lines()) == 1, "the line in the new file")
        self.assertEqual(len(old.read_text().strip().split("\n")), 1)

    def test_serves_on_when_the_log_cannot_be_written(self):
        if not os.path.exists("/dev/full"):
            self.skipTest("no /dev/full here")
        self.config.write_text(self.text(USERS).replace(str(self.access_log), "/dev/full, buffer: 256KiB"))
        self.start()
        self.assertEqual(self.curl("/users/1").status, 200)
        self.gateway.says("cannot write to /dev/full: No space left on device")
        self.wrk("/users/1", seconds=2)

        eventually(lambda: self.metric("sluice_log_dropped_total") > 0, "dropped lines are counted")
        self.assertEqual(self.curl("/users/1").status, 200)

    def test_writes_every_line_once_there_is_room_again(self):
        self.serve(HELLO)
        # In place of a disk that is full: files of this process may not grow beyond that.
        process, size = self.gateway.popen.pid, resource.RLIMIT_FSIZE
        before = resource.prlimit(process, size)
        resource.prlimit(process, size, (16 * 1024, before[1]))
        asked = 0
        while not self.gateway.count("cannot write to"):
            self.assertLess(asked, 1000)
            self.assertEqual(self.curl("/hello").status, 200)
            asked += 1
        self.assertLess(len(self.access_log.read_text().split("\n")), asked + 1)

        resource.prlimit(process, size, before)

        self.gateway.says(r"writing to \S+ works again; 0 lines were lost in all")
        eventually(lambda: self.access_log.read_text().count("\n") == asked, "every line")
        self.assertEqual({line["status"] for line in self.lines()}, {200})


class Ports(Case):
    def test_names_the_port_that_is_taken(self):
        with socket.create_server(("127.0.0.1", 0)) as other:
            port = other.getsockname()[1]
            self.config.write_text(self.text(HELLO, port=port))
            result = sluice("run", self.config)

        self.assertNotEqual(result.returncode, 0)
        self.assertIn(str(port), result.stderr)
        self.assertRegex(result.stderr, r"in use|taken|listens")

    def test_refuses_a_port_of_another_gateway(self):
        self.serve(HELLO)
        self.config.write_text(self.text(HELLO, port=self.port))
        result = sluice("run", self.config)

        self.assertNotEqual(result.returncode, 0)
        self.assertIn(str(self.port), result.stderr)
        self.assertEqual(self.curl("/hello").status, 200)


class Admin(Case):
    def test_counts_requests_by_route_method_and_code(self):
        self.serve(HELLO)
        for path in ("/hello", "/hello", "/missing"):
            self.curl(path)

        eventually(lambda: self.metric("sluice_requests_total", route="hello") == 3, "three requests counted")
        self.assertEqual(self.metric("sluice_requests_total", route="hello", method="GET"), 3)
        self.assertEqual(self.metric("sluice_request_duration_seconds_count", route="hello"), 3)
        self.assertEqual(self.metric("sluice_upstream_requests_total", upstream="hello"), 3)
        self.assertGreaterEqual(self.metric("sluice_connections_total", listener="web"), 3)
        self.assertEqual(self.metric("sluice_build_info"), 1)

    def test_exposes_text_that_prometheus_can_read(self):
        self.serve(HELLO)
        self.curl("/hello")
        answer = self.admin("/metrics")

        self.assertTrue(answer["content-type"].startswith("text/plain; version=0.0.4"))
        typed = set()
        for line in answer.body.decode().split("\n"):
            if line.startswith("# TYPE "):
                name = line.split()[2]
                self.assertNotIn(name, typed, "one TYPE line for each family")
                typed.add(name)
            elif line and not line.startswith("#"):
                self.assertRegex(line, r'^[a-z_:]+(\{([a-z_]+="[^"]*",?)+\})? \S+$')
                family = re.sub(r"_(bucket|sum|count)$", "", line.split("{")[0].split(" ")[0])
                self.assertTrue(family in typed or line.split("{")[0].split(" ")[0] in typed, line)

    def test_keeps_the_admin_pages_off_the_listener(self):
        self.serve("  - {name: hello, match: {path: /hello}, to: hello}")

        for path in ("/metrics", "/livez", "/readyz"):
            self.assertEqual(self.curl(path).status, 404)
            self.assertEqual(self.admin(path).status, 200)


class Descriptors(Case):
    def test_keeps_serving_when_descriptors_run_out(self):
        self.config.write_text(self.text("  - {name: users, match: {path: /**}, to: users}"))
        self.gateway = self.limited_gateway()
        early = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        self.addCleanup(early.close)
        self.assertEqual(self.status_of(early, "/users/1"), 200)
        held = [socket.create_connection(("127.0.0.1", self.port)) for _ in range(200)]

        self.gateway.says("listener web: cannot accept connections: Too many open files")
        kept = early.sock
        self.assertEqual([self.status_of(early, "/users/1") for _ in range(10)], [200] * 10)
        self.assertIs(early.sock, kept)  # no new connection was needed, nor could one be had
        for connection in held:
            connection.close()

        self.assertEqual(eventually(lambda: self.curl_quietly("/users/1") == "200", "service after the shortage"), True)

    def limited_gateway(self):
        gateway = GatewayProcess(["sh", "-c", 'ulimit -n 64; exec "$0" "$@"', BINARY, "run", self.config], owner=self)
        self.port = int(gateway.says(r"web on port (\d+)").group(1))
        return gateway

    @staticmethod
    def status_of(connection, path):
        connection.request("GET", path)
        answer = connection.getresponse()
        answer.read()
        return answer.status

    def curl_quietly(self, path):
        command = ["curl", "-s", "-m", "2", "-o", os.devnull, "-w", "%{http_code}", self.url(path)]
        return subprocess.run(command, capture_output=True, text=True).stdout


if __name__ == "__main__":
    unittest.main()
