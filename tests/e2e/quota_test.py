# SPDX-License-Identifier: Apache-2.0
"""What has to outlive a gateway or be known to all of them: quotas in a file and in a real redis-server, and signatures
that pass once."""
import base64
import hashlib
import hmac
import http.client
import re
import signal
import threading
import time
import unittest

from harness import PATIENCE, eventually
from redis_test import Gateway, RedisCase

SECRET = b"secrets of 32 bytes and more are good"


class Kept(RedisCase):
    def start_again(self, limit="3/month", **options):
        self.state = self.folder / "state"
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
workers: 2
state_directory: {self.state}
policies: {{plan: {{quota: {{limit: {limit}}}}}}}
routes: [{{name: all, match: {{path: /**}}, use: [plan], respond: {{status: 200, body: ok}}}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        gateway = Gateway(self, self.config, **options)
        self.gateway, self.port, self.admin_port = gateway.process, gateway.port, gateway.admin_port
        return gateway

    def test_outlives_a_restart(self):
        gateway = self.start_again()
        self.assertEqual(gateway.ask(2), [200, 200])
        gateway.process.end()
        gateway = self.start_again()
        self.assertEqual(gateway.ask(2), [200, 429])
        refused = self.curl("/")
        self.assertGreater(int(refused["Retry-After"]), 0)
        self.assertEqual(refused.json()["reason"], "quota")
        self.assertIn('"used":3', self.admin("/quotas?policy=plan").body.decode())

    def test_outlives_being_killed(self):
        gateway = self.start_again()
        self.assertEqual(gateway.ask(2), [200, 200])
        eventually(lambda: re.search(r"\tip=127\.0\.0\.1\t.*\t\d+ 2 - 0\n", (self.state / "quotas").read_text()),
                   "both are on the disk")
        gateway.process.send(signal.SIGKILL)
        gateway.process.wait()
        self.assertEqual(self.start_again().ask(2), [200, 429])

    def test_starts_with_a_damaged_file_and_keeps_it(self):
        gateway = self.start_again()
        self.assertEqual(gateway.ask(3), [200] * 3)
        gateway.process.end()
        file = self.state / "quotas"
        file.write_bytes(b"\x00\xff damaged\n" + file.read_bytes())
        damaged = file.read_bytes()
        gateway = self.start_again()
        self.gateway.says(r"error .*/state/quotas is damaged .* it is kept as .*/state/quotas\.damaged-1")
        self.assertEqual((self.state / "quotas.damaged-1").read_bytes(), damaged)
        self.assertEqual(gateway.ask(), [429])  # the lines that are good count

    def test_is_one_process_at_a_time(self):
        self.start_again()
        with self.assertRaisesRegex(AssertionError, "in use by another process"):
            self.start_again(ends_with=(1,))


class Shared(RedisCase):
    def configure_policy(self, policy, more="", store="", workers=2):
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
workers: {workers}
{more}
stores: {{shared: {{redis: "redis://127.0.0.1:{self.redis_port}"{store}}}}}
policies: {{few: {{{policy}}}}}
routes: [{{name: all, match: {{path: /**}}, use: [few], respond: {{status: 200, body: ok}}}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")

    def gateways(self, count):
        out = [Gateway(self, self.config) for _ in range(count)]
        self.gateway, self.port, self.admin_port = out[0].process, out[0].port, out[0].admin_port
        return out

    def test_uses_up_exactly_one_quota_through_three_gateways(self):
        self.redis()
        self.configure_policy("quota: {limit: [200/day, 1000/month], store: shared}")
        gateways = self.gateways(3)
        statuses = self.ask_all(gateways, 50)
        self.assertEqual((statuses.count(200), statuses.count(429)), (200, 400))
        keys = sorted(self.cli("--scan").split())
        self.assertEqual(len(keys), 2)
        self.assertRegex(keys[0], r"^sluice:few:\{ip=127\.0\.0\.1\}:day:\d+$")
        self.assertGreater(int(self.cli("ttl", keys[0])), 32 * 86400)
        page = self.admin("/quotas?policy=few&key=ip%3D127.0.0.1").body.decode()
        self.assertEqual(page.count('"used":200,'), 2)
        self.assertIn("Name the key", self.admin("/quotas?policy=few").body.decode())

    def test_counts_alone_while_the_store_is_away(self):
        self.configure_policy("quota: {limit: 8/month, store: shared}", store=", replicas: 2")
        [gateway] = self.gateways(1)
        self.assertEqual(gateway.ask(5), [200] * 4 + [429])
        self.assertIn("does not answer", self.admin("/quotas?policy=few&key=ip%3D127.0.0.1").body.decode())

    def test_counts_alone_when_the_store_is_killed_and_together_when_it_is_back(self):
        server = self.redis()
        self.configure_policy("quota: {limit: 8/month, store: shared}", store=", replicas: 2")
        [gateway] = self.gateways(1)
        self.assertEqual(gateway.ask(3), [200] * 3)

        server.send(signal.SIGKILL)
        server.wait()
        self.assertEqual(gateway.ask(5), [200] * 4 + [429])

        self.redis()  # with nothing in it
        eventually(lambda: self.metric("sluice_store_up", store="shared") == 1, "it is up again")
        self.assertEqual(gateway.ask(9), [200] * 8 + [429])

    def test_counts_alone_from_nothing_each_time_that_the_store_is_away(self):
        self.configure_policy("quota: {limit: 8/month, store: shared}", store=", replicas: 2", workers=1)
        [gateway] = self.gateways(1)
        for _ in range(2):
            self.assertEqual(gateway.ask(5), [200] * 4 + [429])
            server = self.redis()
            eventually(lambda: gateway.ask() == [200], "the store counts")
            server.send(signal.SIGKILL)
            server.wait()
            eventually(lambda: self.metric("sluice_store_up", store="shared") == 0, "it is away")

    def test_allows_or_denies_without_the_store_where_that_is_wanted(self):
        for on_error, expected in (("allow", [200] * 3), ("deny", [429] * 3)):
            with self.subTest(on_error):
                self.configure_policy("quota: {limit: 1/month, store: shared}", store=f", on_error: {on_error}")
                [gateway] = self.gateways(1)
                self.assertEqual(gateway.ask(3), expected)
                gateway.process.end()

    def test_corrects_costs_in_the_store(self):
        self.start_counting("{default: 10, response_header: X-Cost}")
        for policy in ("rate", "window", "plan"):
            with self.subTest(policy):
                left = []
                for cost in (25, 3, 10, 70):
                    left.append(self.curl(f"/{policy}/{cost}")["RateLimit"].split(";")[1])
                self.assertEqual(left, ["r=75", "r=72", "r=62", "r=0"])
                self.assertEqual(self.curl(f"/{policy}/1").status, 429)

    def test_says_when_what_was_missing_has_been_made_up_for(self):
        self.start_counting("{default: 1, response_header: X-Cost}")
        for cost in (98, 100):
            self.assertEqual(self.curl(f"/rate/{cost}").status, 200)
        refused = self.curl("/rate/1")
        self.assertEqual(refused.status, 429)
        # 198 are used of 100, and one is wanted: 99 times 36 seconds.
        self.assertIn(int(refused["Retry-After"]), range(3500, 3565))

    def test_charges_bodies_in_the_store_as_they_pass(self):
        self.start_counting("{default: 10, body: 10KiB}")
        body = b"x" * (195 << 10)
        for policy in ("rate", "window", "plan"):
            with self.subTest(policy):
                answer = self.curl(f"/{policy}/0", "-X", "POST", "-H", "Transfer-Encoding: chunked",
                                   "--data-binary", "@-", stdin=body)
                self.assertEqual(answer["RateLimit"].split(";")[1], "r=70")
                self.assertEqual(self.curl(f"/{policy}/0")["RateLimit"].split(";")[1], "r=60")

    def test_gives_back_nothing_in_the_store_that_time_has_given_back(self):
        self.start_counting("{default: 10, response_header: X-Cost}", rate="10/3s")
        slow = threading.Thread(target=self.curl, args=("/rate/held/5",))
        slow.start()
        self.addCleanup(slow.join)
        self.addCleanup(self.release.set)
        self.assertTrue(self.held.wait(PATIENCE))

        def filled_again():
            return self.curl("/rate/10").status == 200 and self.cli("--scan").split()
        [key] = eventually(filled_again, "the bucket is filled by another request")
        full_at = float(self.cli("get", key).strip() or 0)
        self.release.set()
        slow.join()

        # The slow one alone would take 1.5 s off it; none where the bucket has emptied meanwhile.
        now_full_at = float(self.cli("get", key).strip() or full_at)
        self.assertGreater(now_full_at, full_at - 500_000)

    def start_counting(self, cost, rate="100/h"):
        """A gateway whose routes rate, window and plan count that cost in the store, all but the first to 100."""
        self.redis()
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
stores: {{shared: {{redis: "redis://127.0.0.1:{self.redis_port}"}}}}
policies:
  rate: {{rate_limit: {{limit: {rate}, store: shared, cost: {cost}}}}}
  window: {{rate_limit: {{limit: 100/h, store: shared, algorithm: sliding_window, cost: {cost}}}}}
  plan: {{quota: {{limit: 100/day, store: shared, cost: {cost}}}}}
upstreams: {{self: {{url: "http://127.0.0.1:{self.cost_server()}"}}}}
routes:
  - {{name: rate, match: {{path: /rate/**}}, use: [rate], to: self}}
  - {{name: window, match: {{path: /window/**}}, use: [window], to: self}}
  - {{name: plan, match: {{path: /plan/**}}, use: [plan], to: self}}
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        self.gateways(1)

    def cost_server(self):
        """A service of which the last part of the path is the cost. What is `held` in it waits for `release`."""
        import http.server

        held, release = self.held, self.release = threading.Event(), threading.Event()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_POST(self):
                while size := int(self.rfile.readline(), 16):  # chunks
                    self.rfile.read(size + 2)
                self.rfile.readline()
                self.do_GET()

            def do_GET(self):
                if "/held/" in self.path:
                    held.set()
                    release.wait(PATIENCE)
                self.send_response(200)
                self.send_header("X-Cost", self.path.rpartition("/")[2])
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass
        server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.addCleanup(server.server_close)
        self.addCleanup(server.shutdown)
        return server.server_address[1]

    def signed(self, gateway, nonce):
        """The status of a request that partner signs for all gateways alike."""
        params = f'("@method" "@authority" "@path");created={int(time.time())};keyid="partner-1";nonce="{nonce}"'
        text = f'"@method": GET\n"@authority": api.example.com\n"@path": /\n"@signature-params": {params}'
        signature = base64.b64encode(hmac.digest(SECRET, text.encode(), hashlib.sha256)).decode()
        client = http.client.HTTPConnection("127.0.0.1", gateway.port, timeout=PATIENCE)
        client.request("GET", "/", headers={"Host": "api.example.com", "Signature-Input": f"sig={params}",
                                            "Signature": f"sig=:{signature}:"})
        answer = client.getresponse()
        answer.read()
        client.close()
        return answer.status

    def test_a_nonce_passes_once_at_all_gateways(self):
        consumers = f"""consumers:
  - {{name: partner, hmac: {{id: partner-1, secret: "{base64.b64encode(SECRET).decode()}"}}}}"""
        for on_error, expected in (("local", 200), ("allow", 200), ("deny", 503)):
            with self.subTest(on_error):
                server = self.redis()
                self.configure_policy("http_signature: {store: shared}", consumers, f", on_error: {on_error}")
                one, other = self.gateways(2)
                self.assertEqual(self.signed(one, "n1"), 200)
                self.assertEqual(self.signed(other, "n1"), 401)
                self.assertEqual(self.signed(one, "n1"), 401)
                self.assertEqual(self.signed(other, "n2"), 200)
                [key] = [k for k in self.cli("--scan").split() if int(self.cli("ttl", k)) > 590][:1]
                self.assertRegex(key, r"^sluice:once:\{[0-9a-f]{32}\}$")

                server.send(signal.SIGKILL)
                server.wait()
                self.assertEqual(self.signed(one, "n3"), expected)
                if on_error == "local":  # each process goes by what it has seen itself
                    self.assertEqual(self.signed(one, "n1"), 401)
                    self.assertEqual(self.signed(one, "n3"), 401)
                for gateway in (one, other):
                    gateway.process.end()


if __name__ == "__main__":
    unittest.main()
