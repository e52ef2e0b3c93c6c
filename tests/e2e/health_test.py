# SPDX-License-Identifier: Apache-2.0
"""Health checks of real services: Flask under gunicorn that goes and comes back, and gRPC's health service (grpcio)."""
import unittest
from concurrent import futures

import grpc

from harness import PATIENCE, SERVICES, Case, Running, eventually, hello

CHECKS = "sluice_upstream_health_checks_total"


class HealthCase(Case):
    def serve_checked(self, upstream, health):
        """A gateway with one upstream, `svc`, whose settings are YAML."""
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0", protocols: [h1, h2]}}}}
admin: {{bind: "127.0.0.1:0"}}
upstreams: {{svc: {{{upstream}, health: {health}}}}}
routes: [{{name: all, match: {{path: /**}}, to: svc}}]
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        self.start()

    def targets(self):
        [upstream] = self.admin("/upstreams").json()["upstreams"]
        self.assertEqual(upstream["upstream"], "svc")
        return upstream["targets"]

    def states(self):
        return [target["state"] for target in self.targets()]

    def await_states(self, *states):
        eventually(lambda: self.states() == list(states), f"states {states}")


class Http(HealthCase):
    def flask(self, port=0):
        """A Flask service of this test alone, and its port."""
        service = Running(["gunicorn", "--chdir", SERVICES, "--bind", f"127.0.0.1:{port}", "--threads", "4",
                           "--graceful-timeout", "1", "hello:app"], owner=self)
        return service, int(service.says(r"Listening at: http://127\.0\.0\.1:(\d+)").group(1))

    def test_leaves_a_service_alone_while_it_is_away(self):
        service, port = self.flask()
        self.serve_checked(f'targets: ["http://127.0.0.1:{port}", "http://127.0.0.1:{hello()}"]',
                           "{path: /hello, interval: 500ms, timeout: 500ms}")
        eventually(lambda: self.metric(CHECKS, result="passed") >= 2, "two checks that pass")
        self.await_states("healthy", "healthy")

        service.end()
        self.await_states("unhealthy", "healthy")
        self.gateway.says(rf"warning upstream svc: 127\.0\.0\.1:{port} is unhealthy: ")
        for _ in range(20):
            self.assertEqual(self.curl("/hello").status, 200)
        self.flask(port)
        self.await_states("healthy", "healthy")

        self.gateway.says(rf"info upstream svc: 127\.0\.0\.1:{port} is healthy: status 200")
        # A machine under load may add some before these.
        changes = self.targets()[0]["changes"]
        self.assertEqual([change["state"] for change in changes[:2]], ["healthy", "unhealthy"])
        self.assertEqual(self.metric("sluice_upstream_requests_total", reason="upstream_connect_failed"), 0)

    def test_answers_503_and_says_why_when_nothing_is_left(self):
        self.serve_checked(f'url: "http://127.0.0.1:{hello()}", panic_threshold: 0%', "/no-such-page")
        self.await_states("unhealthy")

        answer = self.curl("/hello")

        self.assertEqual(answer.status, 503)
        self.assertEqual(answer.json()["reason"], "no_healthy_upstream")
        eventually(lambda: "fails its health checks: status 404" in self.access_log.read_text(), "the cause in the log")

    def test_goes_on_serving_where_checks_fail_everywhere_and_says_so(self):
        self.serve_checked(f'url: "http://127.0.0.1:{hello()}"', "/no-such-page")
        self.await_states("unhealthy")

        self.assertEqual(self.curl("/hello").status, 200)

        self.gateway.says("warning upstream svc: panic: 0 of 1 targets are healthy, requests go to all of them")
        self.assertEqual(self.metric("sluice_upstream_panic", upstream="svc"), 1)

    def test_lets_other_statuses_pass_where_they_are_expected(self):
        self.serve_checked(f'url: "http://127.0.0.1:{hello()}"', "{path: /no-such-page, expect: [2xx, 404]}")
        eventually(lambda: self.metric(CHECKS, result="passed") >= 1, "a check")

        self.assertEqual(self.targets()[0]["last_check"], "status 404")
        self.assertEqual(self.curl("/hello").status, 200)

    def test_is_content_with_a_connection_where_that_is_all_that_is_asked(self):
        self.serve_checked(f'url: "http://127.0.0.1:{hello()}"', "tcp")
        eventually(lambda: self.metric(CHECKS, result="passed") >= 1, "a check")

        self.assertEqual(self.targets()[0]["last_check"], "connected")


class Health(grpc.GenericRpcHandler):
    """grpc.health.v1.Health/Check by hand; the message is a serving status in field 1."""

    def __init__(self):
        self.status, self.asked = 1, []

    def service(self, details):
        if details.method != "/grpc.health.v1.Health/Check":
            return None
        return grpc.unary_unary_rpc_method_handler(self.check)

    def check(self, request, context):
        self.asked.append(request)
        if request != b"\x0a\x09shop.Cart":
            context.abort(grpc.StatusCode.NOT_FOUND, "unknown service")
        return b"\x08" + bytes([self.status])


class Grpc(HealthCase):
    def serve_grpc(self, handlers, health):
        server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        server.add_generic_rpc_handlers(handlers)
        port = server.add_insecure_port("127.0.0.1:0")
        server.start()
        self.addCleanup(lambda: server.stop(None).wait(PATIENCE))
        self.serve_checked(f'url: "http://127.0.0.1:{port}", protocol: h2', health)

    def test_goes_by_what_the_service_says_of_itself(self):
        service = Health()
        self.serve_grpc((service,), "{type: grpc, service: shop.Cart, interval: 500ms, timeout: 500ms}")
        eventually(lambda: self.metric(CHECKS, result="passed") >= 1, "a check")
        eventually(lambda: self.targets()[0]["last_check"] == "SERVING", "what a check was told")

        service.status = 2
        self.await_states("unhealthy")
        eventually(lambda: self.targets()[0]["why"].endswith(": NOT_SERVING"), "the reason")

        service.status = 1
        self.await_states("healthy")

    def test_says_that_there_is_no_health_service(self):
        self.serve_grpc((), "grpc")
        self.await_states("unhealthy")

        self.assertEqual(self.targets()[0]["last_check"], "unimplemented: the target has no grpc.health.v1.Health")

    def test_says_that_the_health_service_does_not_know_a_service(self):
        self.serve_grpc((Health(),), "{type: grpc, service: shop.Other}")
        self.await_states("unhealthy")

        self.assertIn('does not know "shop.Other"', self.targets()[0]["last_check"])


if __name__ == "__main__":
    unittest.main()
