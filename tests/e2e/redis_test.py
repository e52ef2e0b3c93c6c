# SPDX-License-Identifier: Apache-2.0
"""Limits that several gateways share by a real redis-server: exactness, and what happens while it is killed, hung,
restarted, full, or does not know us."""
import http.client
import json
import math
import signal
import socket
import subprocess
import threading
import time
import unittest

from harness import BINARY, PATIENCE, Case, GatewayProcess, Running, eventually, sluice, unused_port

LIMITED = "sluice_rate_limit_requests_total"


class Gateway:
    """One of several gateway processes with the same configuration."""

    def __init__(self, case, config, **options):
        self.process = GatewayProcess([BINARY, "run", config], case, **options)
        self.port = int(self.process.says(r"web on port (\d+)").group(1))
        self.admin_port = int(self.process.says(r"admin on port (\d+)").group(1))

    def ask(self, count=1, path="/"):
        """The statuses of so many requests, one after the other on one connection."""
        client = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        statuses = []
        for _ in range(count):
            client.request("GET", path)
            answer = client.getresponse()
            answer.read()
            statuses.append(answer.status)
        client.close()
        return statuses


class Load:
    """Requests without a pause, on so many connections to each gateway, until it is ended."""

    def __init__(self, gateways, connections=2):
        self.answers, self.failures, self.over = [], [], threading.Event()
        self.threads = [threading.Thread(target=self.ask, args=(gateway.port,)) for gateway in gateways
                        for _ in range(connections)]
        for thread in self.threads:
            thread.start()

    def ask(self, port):
        client = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
        try:
            while not self.over.is_set():
                client.request("GET", "/")
                answer = client.getresponse()
                self.answers.append((time.monotonic(), answer.status, answer.read()))
        except (OSError, http.client.HTTPException) as failure:
            self.failures.append(failure)
        client.close()

    def more(self, count=200):
        wanted = len(self.answers) + count
        eventually(lambda: self.failures or len(self.answers) >= wanted, "further answers")

    def lasts(self, seconds):
        begun = time.monotonic()
        eventually(lambda: self.failures or time.monotonic() - begun > seconds, "the end of that time")

    def end(self):
        """When each answer came, its status and its body."""
        self.over.set()
        for thread in self.threads:
            thread.join()
        if self.failures:
            raise AssertionError(f"a request failed: {self.failures[0]!r}")
        return self.answers


class RedisCase(Case):
    def setUp(self):
        super().setUp()
        self.redis_port = unused_port()

    def redis(self, *options):
        server = Running(["redis-server", "--port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "",
                          "--appendonly", "no", "--dir", self.folder, *options], owner=self)
        server.says("eady to accept connections")
        return server

    def certificates(self, name):
        """A folder with an authority and a certificate of it for localhost."""
        folder = self.folder / name
        self.assertEqual(sluice("dev-cert", "--dir", folder).returncode, 0)
        return folder

    def redis_with_tls(self, certs, *options):
        self.redis_port = unused_port()
        Running(["redis-server", "--port", "0", "--tls-port", str(self.redis_port), "--bind", "127.0.0.1", "--save", "",
                 "--tls-cert-file", certs / "localhost.pem", "--tls-key-file", certs / "localhost.key",
                 "--tls-ca-cert-file", certs / "ca.pem", "--tls-auth-clients", "no", *options],
                owner=self).says("eady to accept")

    def cli(self, *words):
        return subprocess.run(["redis-cli", "-p", str(self.redis_port), *words], capture_output=True, text=True,
                              timeout=PATIENCE, check=True).stdout

    def configure(self, limit, redis="", store="", url=""):
        if "timeout" not in redis:  # a server that waits for a processor is no server that is down
            redis += ", timeout: 10s, connect_timeout: 10s"
        url = url or f"redis://127.0.0.1:{self.redis_port}"
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
workers: 2
stores: {{shared: {{redis: {{url: "{url}"{redis}}}{store}}}}}
policies: {{few: {{rate_limit: {{{limit}, store: shared}}}}}}
routes: [{{name: all, match: {{path: /**}}, use: [few], respond: {{status: 200, body: ok}}}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")

    def gateway_of(self, limit, **options):
        self.configure(limit, **options)
        gateway = Gateway(self, self.config)
        self.gateway, self.port, self.admin_port = gateway.process, gateway.port, gateway.admin_port
        return gateway

    def ask_all(self, gateways, count, connections=4):
        """Asks all of them at once; all the statuses."""
        statuses, threads = [], []
        for gateway in gateways:
            for _ in range(connections):
                thread = threading.Thread(target=lambda g=gateway: statuses.extend(g.ask(count)))
                thread.start()
                threads.append(thread)
        for thread in threads:
            thread.join()
        self.assertEqual(len(statuses), len(gateways) * connections * count)
        return statuses


class Shared(RedisCase):
    def three(self, limit, **options):
        self.redis()
        self.configure(limit, **options)
        return [Gateway(self, self.config) for _ in range(3)]

    def test_passes_exactly_the_limit_through_three_gateways(self):
        for algorithm in ("token_bucket", "sliding_window"):
            with self.subTest(algorithm):
                gateways = self.three(f"limit: 200/h, algorithm: {algorithm}")
                statuses = self.ask_all(gateways, 50)
                # A bucket has one more after 18 seconds, which this does not take.
                self.assertEqual((statuses.count(200), statuses.count(429)), (200, 400))
                for gateway in gateways:
                    gateway.process.end()
                self.cli("flushall")
                self.redis_port = unused_port()

    def test_keeps_to_several_limits_at_once(self):
        gateways = self.three("limit: [150/h, 90/12h]")
        self.assertEqual(self.ask_all(gateways, 25).count(200), 90)

        # Refusals charge neither: each has 90 charges of 24 s, and of 480 s. What has passed since is less than one.
        charged = sorted(int(self.cli("pttl", key)) for key in self.cli("--scan").split())
        self.assertEqual([math.ceil(left / each) for left, each in zip(charged, (24_000, 480_000))], [90, 90])

    def test_counts_the_window_before_for_as_long_as_it_fades(self):
        self.redis()
        gateway = self.gateway_of("limit: 4/4s, algorithm: sliding_window")

        def filled_in_one_window():
            self.cli("flushall")
            self.assertEqual(gateway.ask(5), [200] * 4 + [429])
            [self.key] = self.cli("--scan").split()
            return self.cli("hget", self.key, "c").strip() == "4"
        eventually(filled_in_one_window, "four requests in one window")

        eventually(lambda: gateway.ask() == [200], "there is room again")
        self.assertEqual(self.cli("hmget", self.key, "b", "c").split(), ["4", "1"])

    def test_holds_back_what_comes_early_where_that_is_wanted(self):
        self.redis()
        gateway = self.gateway_of("limit: 1/2s, burst: 1, delay: 10s")
        begun = time.monotonic()
        self.assertEqual(gateway.ask(2), [200, 200])
        self.assertGreaterEqual(time.monotonic() - begun, 1.99)
        self.assertEqual(self.metric(LIMITED, policy="few", result="allowed"), 2)

    def test_stays_within_the_stated_bound_with_leases(self):
        lease, limit = 10, 300
        gateways = self.three(f"limit: {limit}/h", redis=f", lease: {lease}")
        passed = self.ask_all(gateways, 60).count(200)
        self.assertLessEqual(passed, limit + len(gateways) * lease)
        self.assertGreaterEqual(passed, limit - len(gateways) * lease)
        # It was asked about far fewer requests than there were.
        asked = int(self.cli("info", "commandstats").split("cmdstat_evalsha:calls=")[1].split(",")[0])
        self.assertLess(asked, 720 * 3 // 4)

    def test_tells_what_is_left_of_the_tightest_limit_with_leases(self):
        self.redis()
        gateway = self.gateway_of("limit: [{rate: 1000/h, name: wide}, {rate: 100/h, name: narrow}]",
                                  redis=", lease: 20")
        client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
        self.addCleanup(client.close)
        told = []
        for _ in range(10):
            client.request("GET", "/")
            answer = client.getresponse()
            answer.read()
            told.append(answer.getheader("RateLimit").rpartition(";")[0])
        self.assertEqual(told, [f'"narrow";r={left}' for left in range(99, 89, -1)])

    def check_windows(self, gateways, most):
        """Asks for more than 150 a second for three seconds: no second has more than so many answers that passed, and
        one for each connection, which may have passed before and be read in it."""
        load = Load(gateways)
        self.addCleanup(load.over.set)
        load.lasts(3)
        answers = load.end()
        self.assertIn(429, {status for _, status, _ in answers})
        times = sorted(at for at, status, _ in answers if status == 200)
        begin = 0
        for end, at in enumerate(times):
            while at - times[begin] >= 1:
                begin += 1
            self.assertLessEqual(end + 1 - begin, most + len(load.threads))

    def test_passes_no_more_in_any_period_under_load(self):
        self.check_windows(self.three("limit: 150/s, burst: 10"), 150 + 10)

    def test_passes_no_more_than_leases_beyond_that_in_any_period_under_load(self):
        gateways = self.three("limit: 150/s, burst: 10", redis=", lease: 10")
        self.check_windows(gateways, 150 + 10 + len(gateways) * 10)

    def test_asks_once_for_each_request_on_a_connection_of_each_worker(self):
        self.redis()
        gateway = self.gateway_of("limit: 1000/h")
        self.assertEqual(set(self.ask_all([gateway], 50)), {200})
        asked = self.cli("info", "commandstats").split("cmdstat_evalsha:calls=")[1].split(",")[0]
        self.assertEqual(int(asked), 200)
        clients = [line for line in self.cli("client", "list").splitlines() if line and "cmd=client" not in line]
        self.assertLessEqual(len(clients), 2)

    def test_keys_are_readable_and_expire(self):
        self.redis()
        gateway = self.gateway_of("limit: 1/min")
        self.assertEqual(gateway.ask(), [200])
        [key] = self.cli("--scan").split()
        self.assertRegex(key, r"^sluice:few:\{ip=127\.0\.0\.1\}:[0-9a-f]{16}$")
        self.assertIn(int(self.cli("pttl", key)), range(1, 60_002))

    def test_values_of_headers_are_not_stored_as_they_are(self):
        self.redis()
        self.gateway_of("limit: 5/h, by: header.X-Api-Key")
        self.assertEqual(self.curl("/", "-H", "X-Api-Key: secret-key").status, 200)
        self.assertNotIn("secret", self.cli("--scan"))

    def test_tells_clients_what_is_left(self):
        self.redis()
        self.gateway_of("limit: 3/h")
        self.assertEqual(self.curl("/")["RateLimit"], '"default";r=2;t=1200')
        self.curl("/")
        self.curl("/")
        refused = self.curl("/")
        self.assertEqual(refused.status, 429)
        self.assertIn(int(refused["Retry-After"]), range(1190, 1201))

    def test_tells_exactly_what_is_left_where_the_period_does_not_divide(self):
        self.redis()
        self.gateway_of("limit: 7/h")
        told = [self.curl("/")["RateLimit"].split(";")[1] for _ in range(8)]
        self.assertEqual(told, [f"r={left}" for left in (6, 5, 4, 3, 2, 1, 0, 0)])

    def test_counts_high_rates_as_they_are_written(self):
        self.redis()
        self.gateway_of("limit: 1000000000/10s, cost: 1000000000")
        self.assertEqual(self.curl("/")["RateLimit"], '"default";r=0;t=10')

    def test_speaks_over_a_unix_socket_and_tls_with_user_and_database(self):
        sock = self.folder / "redis.sock"
        self.redis("--unixsocket", str(sock), "--requirepass", "s3cret")
        gateway = self.gateway_of("limit: 2/h", url=f"unix:{sock}", redis=", password: s3cret")
        self.assertEqual(gateway.ask(3), [200, 200, 429])
        gateway.process.end()

        certs = self.certificates("certs")
        self.redis_with_tls(certs, "--user", "limits", "on", ">pw", "~sluice:*", "+@all")
        gateway = self.gateway_of("limit: 2/h", url=f"rediss://localhost:{self.redis_port}/3",
                                  redis=f", username: limits, password: pw, tls: {{ca: {certs / 'ca.pem'}}}")
        self.assertEqual(gateway.ask(3), [200, 200, 429])
        self.assertEqual(self.metric("sluice_store_up", store="shared"), 1)

    def test_believes_a_renewed_authority_without_a_reload(self):
        ours, others = self.certificates("ours"), self.certificates("others")
        self.redis_with_tls(ours)
        ca = self.folder / "ca.pem"
        ca.write_bytes((others / "ca.pem").read_bytes())
        gateway = self.gateway_of("limit: 5/h", url=f"rediss://localhost:{self.redis_port}",
                                  redis=f", tls: {{ca: {ca}}}")
        self.assertEqual(gateway.ask(1), [200])
        self.assertEqual(self.metric("sluice_store_up", store="shared"), 0)

        ca.write_bytes((ours / "ca.pem").read_bytes())
        gateway.process.says("store shared: certificates read again")
        eventually(lambda: self.metric("sluice_store_up", store="shared") == 1, "the store answers")
        self.assertEqual(gateway.ask(6), [200] * 5 + [429])


class Faults(RedisCase):
    def expect_local(self, gateway, passing):
        """Each process counts alone, nothing fails."""
        statuses = gateway.ask(passing + 5)
        self.assertEqual(set(statuses), {200, 429})
        self.assertEqual(statuses.count(200), passing)

    def test_counts_alone_when_it_is_killed_and_together_when_it_is_back(self):
        server = self.redis()
        gateway = self.gateway_of("limit: 40/h", store=", replicas: 2")
        self.assertEqual(gateway.ask(3), [200] * 3)

        server.send(signal.SIGKILL)
        server.wait()
        self.expect_local(gateway, 20)
        self.gateway.says(r"warning store `shared` \(127\.0\.0\.1:\d+\) does not answer: .*counts alone")
        self.assertEqual(self.metric("sluice_store_up", store="shared"), 0)
        self.assertGreater(self.metric("sluice_store_errors_total", store="shared"), 0)
        self.assertEqual(self.metric(LIMITED, policy="few", result="degraded"), 20)
        self.assertEqual(self.gateway.count("does not answer"), 1)

        self.redis()
        eventually(lambda: self.metric("sluice_store_up", store="shared") == 1, "it is up again")
        self.gateway.says("info store `shared` .* answers again")
        self.assertEqual(gateway.ask(), [200])
        self.assertTrue(self.cli("--scan"))

    def test_waits_once_for_one_that_hangs(self):
        server = self.redis()
        gateway = self.gateway_of("limit: 1000/h", redis=", timeout: 200ms, connect_timeout: 500ms")
        self.assertEqual(gateway.ask(), [200])
        self.addCleanup(server.send, signal.SIGCONT)
        server.send(signal.SIGSTOP)

        begun = time.monotonic()
        self.assertEqual(gateway.ask(50), [200] * 50)
        # The first one waits for its timeout, the others do not wait at all.
        self.assertLess(time.monotonic() - begun, 5)
        self.gateway.says("does not answer: no answer (to PING )?in time")

        server.send(signal.SIGCONT)
        eventually(lambda: self.metric("sluice_store_up", store="shared") == 1, "it is up again")
        self.assertEqual(gateway.ask(5), [200] * 5)

    def test_is_restarted_under_load_without_an_error(self):
        server = self.redis()
        gateway = self.gateway_of("limit: 1000000/s")
        load = Running(["wrk", "-t1", "-c16", "-d4s", self.url("/")], owner=self)
        for _ in range(3):
            time.sleep(0.5)  # the load goes on
            server.end()
            server = self.redis()
        load.wait()
        self.check_wrk(load.output())
        self.assertEqual(gateway.ask(), [200])

    def is_up(self, up):
        eventually(lambda: self.metric("sluice_store_up", store="shared") == up, f"sluice_store_up is {up}")

    def test_is_killed_and_hangs_under_load_without_an_error(self):
        server = self.redis()
        gateway = self.gateway_of("limit: 1000000/s", redis=", timeout: 200ms, connect_timeout: 200ms",
                                  store=", on_error: deny")
        load = Load([gateway])
        self.addCleanup(load.over.set)
        load.more()
        server.send(signal.SIGKILL)
        server.wait()
        self.is_up(0)
        load.more()
        server = self.redis()
        self.is_up(1)
        load.more()
        self.addCleanup(server.send, signal.SIGCONT)
        server.send(signal.SIGSTOP)
        self.is_up(0)
        load.more()
        server.send(signal.SIGCONT)
        self.is_up(1)
        load.more()

        answers = load.end()
        self.assertEqual({status for _, status, _ in answers}, {200, 429})
        self.assertEqual({json.loads(body)["reason"] for _, status, body in answers if status == 429}, {"rate_limited"})

    def test_allows_or_denies_without_it_where_that_is_wanted(self):
        gateway = self.gateway_of("limit: 1/h", store=", on_error: allow")
        self.assertEqual(gateway.ask(3), [200] * 3)
        gateway.process.end()
        gateway = self.gateway_of("limit: 1/h", store=", on_error: deny")
        refused = self.curl("/")
        self.assertEqual((refused.status, refused["Retry-After"]), (429, "1"))

    def test_says_once_that_the_password_is_wrong(self):
        self.redis("--requirepass", "right")
        gateway = self.gateway_of("limit: 3/h", redis=", password: wrong")
        self.expect_local(gateway, 3)
        self.gateway.says("does not answer: WRONGPASS")
        self.assertNotIn("wrong,", self.gateway.output())
        self.assertEqual(self.gateway.count("does not answer"), 1)

    def test_brings_its_script_again_when_it_was_flushed(self):
        self.redis()
        gateway = self.gateway_of("limit: 4/h")
        self.assertEqual(gateway.ask(2), [200] * 2)
        self.cli("script", "flush")
        self.assertEqual(gateway.ask(4), [200, 200, 429, 429])
        self.assertEqual(self.metric("sluice_store_errors_total", store="shared"), 0)

    def test_counts_alone_when_its_memory_is_full(self):
        self.redis("--maxmemory", "2mb", "--maxmemory-policy", "noeviction")
        gateway = self.gateway_of("limit: 7/h")
        self.cli("eval", "for i = 1, 100 do redis.pcall('set', 'x' .. i, string.rep('y', 100000)) end", "0")
        self.expect_local(gateway, 7)
        self.gateway.says("does not answer: OOM")

    def answering(self, *answers):
        """In the place of the server, on each connection: so many answers, whatever is asked, and then the end."""
        listener = socket.create_server(("127.0.0.1", self.redis_port))
        self.addCleanup(listener.close)

        def talk(peer):
            with peer:
                for answer in answers:
                    if peer.recv(10_000):
                        peer.sendall(answer)
                peer.recv(10_000)

        def listen():
            while True:
                try:
                    threading.Thread(target=talk, args=listener.accept()[:1], daemon=True).start()
                except OSError:
                    return
        threading.Thread(target=listen, daemon=True).start()

    def test_takes_nonsense_for_a_failure(self):
        self.answering(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        self.expect_local(self.gateway_of("limit: 3/h"), 3)
        self.gateway.says("does not answer: not the protocol of Redis")

    def test_makes_no_room_for_a_reply_that_is_too_large(self):
        for answer, why in ((b"*2000000000\r\n", "a list of 2000000000 elements is larger than 1024"),
                            (b"$500000000\r\n", "a text of 500000000 bytes is longer than 65536 bytes")):
            with self.subTest(why):
                self.redis_port = unused_port()
                self.answering(b"+PONG\r\n", answer)
                gateway = self.gateway_of("limit: 3/h")
                self.expect_local(gateway, 3)
                self.gateway.says("does not answer: a reply with " + why)
                gateway.process.end()

    def test_tells_no_more_than_a_limit_allows(self):
        self.answering(b"+PONG\r\n", b"*5\r\n:1\r\n:0\r\n:9223372036854775807\r\n:0\r\n:0\r\n")
        self.gateway_of("limit: 3/h")
        self.assertEqual(self.curl("/")["RateLimit"], '"default";r=3;t=0')

    def passes_in_time(self, gateway):
        """The caller is refused, told to come soon, and then passes."""
        refused = self.curl("/")
        self.assertEqual(refused.status, 429)
        self.assertLessEqual(int(refused["Retry-After"]), 6)
        eventually(lambda: gateway.ask() == [200], "it passes")

    def test_refuses_no_longer_when_the_clock_of_the_server_was_set_back(self):
        self.redis()
        gateway = self.gateway_of("limit: 2/3s")
        self.assertEqual(gateway.ask(2), [200] * 2)
        [key] = self.cli("--scan").split()
        # As if it had been written by a clock that was a day ahead.
        self.cli("set", key, str(float(self.cli("get", key)) + 86400e6))
        self.passes_in_time(gateway)

    def test_windows_fade_when_the_clock_of_the_server_was_set_back(self):
        self.redis()
        gateway = self.gateway_of("limit: 2/3s, algorithm: sliding_window")
        self.assertEqual(gateway.ask(2), [200] * 2)
        [key] = self.cli("--scan").split()
        # As if the window had been begun by a clock that was a day ahead.
        self.cli("hset", key, "n", str(int(self.cli("hget", key, "n")) + 28800), "b", "0", "c", "2")
        self.passes_in_time(gateway)


if __name__ == "__main__":
    unittest.main()
