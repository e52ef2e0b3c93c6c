# SPDX-License-Identifier: Apache-2.0
"""Real gRPC clients and services (grpcio) with the gateway between them; messages are plain bytes."""
import base64
import threading
import unittest
from concurrent import futures

import grpc

from harness import PATIENCE, ROOT, Case, eventually, sluice

SERVICE = "shop.Cart"


class Service(grpc.GenericRpcHandler):
    """One method of each kind; `events` keeps what happened to the calls."""

    def __init__(self):
        self.calls = []
        self.remaining = []
        self.cancelled = threading.Event()
        self.entered = threading.Event()

    def service(self, details):
        methods = {
            "Add": grpc.unary_unary_rpc_method_handler(self.add),
            "Sum": grpc.stream_unary_rpc_method_handler(self.sum),
            "List": grpc.unary_stream_rpc_method_handler(self.list),
            "Chat": grpc.stream_stream_rpc_method_handler(self.chat),
            "Fail": grpc.unary_unary_rpc_method_handler(self.fail),
            "Wait": grpc.unary_unary_rpc_method_handler(self.wait),
            "Flaky": grpc.unary_unary_rpc_method_handler(self.flaky),
        }
        service, _, method = details.method.strip("/").partition("/")
        return methods.get(method) if service == SERVICE else None

    def add(self, request, context):
        self.calls.append(dict(context.invocation_metadata()))
        self.remaining.append(context.time_remaining())
        context.send_initial_metadata((("x-head", "yes"),))
        context.set_trailing_metadata((("x-trailer", "yes"),))
        return b"added " + request

    def sum(self, requests, context):
        return str(sum(int(r) for r in requests)).encode()

    def list(self, request, context):
        for i in range(int(request)):
            yield b"item %d" % i

    def chat(self, requests, context):
        for request in requests:
            yield b"echo " + request

    def fail(self, request, context):
        context.abort(grpc.StatusCode.FAILED_PRECONDITION, "not like this: 100% \u00e9")

    def wait(self, request, context):
        context.add_callback(self.cancelled.set)
        self.entered.set()
        self.cancelled.wait(PATIENCE)
        return b"too late"

    def flaky(self, request, context):
        self.calls.append(request)
        if len(self.calls) < 3:
            context.abort(grpc.StatusCode.UNAVAILABLE, "try again")
        return b"at last " + request


class GrpcCase(Case):
    scheme = "http"
    listener = "protocols: [h1, h2]"
    upstream = ""

    def listen(self):
        return self.server.add_insecure_port("127.0.0.1:0")

    def open_channel(self):
        return grpc.insecure_channel(f"127.0.0.1:{self.port}")

    def setUp(self):
        super().setUp()
        self.service = Service()
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=16))
        self.server.add_generic_rpc_handlers((self.service,))
        self.service_port = self.listen()
        self.server.start()
        self.addCleanup(lambda: self.server.stop(None).wait())
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0", {self.listener}}}}}
admin: {{bind: "127.0.0.1:0"}}
upstreams: {{cart: {{url: "{self.scheme}://127.0.0.1:{self.service_port}", protocol: h2{self.upstream}}}}}
routes:
  - {{name: cart, match: {{path: /{SERVICE}/**}}, use: [{{grpc_web: {{}}}}], to: cart}}
access_log: {{format: json, to: {self.access_log}}}
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        self.start()
        self.channel = self.open_channel()
        self.addCleanup(self.channel.close)

    def unary(self, method, service=SERVICE):
        return self.channel.unary_unary(f"/{service}/{method}")


class Grpc(GrpcCase):
    def test_calls_and_gets_metadata_both_ways(self):
        answer, call = self.unary("Add").with_call(b"one", metadata=(("x-mine", "kept"),), timeout=PATIENCE)

        self.assertEqual(answer, b"added one")
        self.assertEqual(dict(call.initial_metadata())["x-head"], "yes")
        self.assertEqual(dict(call.trailing_metadata())["x-trailer"], "yes")
        self.assertEqual(self.service.calls[0]["x-mine"], "kept")

    def test_calls_many_times_at_once_on_one_connection(self):
        add = self.unary("Add")
        calls = [add.future(b"%d" % i, timeout=PATIENCE) for i in range(50)]

        self.assertEqual([call.result() for call in calls], [b"added %d" % i for i in range(50)])
        self.assertLessEqual(self.metric("sluice_upstream_connections_total", upstream="cart"), 8)

    def test_carries_large_messages(self):
        message = bytes(range(256)) * 8192

        self.assertEqual(self.unary("Add")(message, timeout=PATIENCE), b"added " + message)

    def test_streams_from_the_client(self):
        total = self.channel.stream_unary(f"/{SERVICE}/Sum")(iter([b"%d" % i for i in range(200)]), timeout=PATIENCE)

        self.assertEqual(total, b"19900")

    def test_streams_to_the_client(self):
        items = list(self.channel.unary_stream(f"/{SERVICE}/List")(b"500", timeout=PATIENCE))

        self.assertEqual(items, [b"item %d" % i for i in range(500)])

    def test_streams_both_ways_turn_by_turn(self):
        turns = threading.Semaphore(1)

        def requests():
            for i in range(20):
                turns.acquire()
                yield b"%d" % i
        answers = self.channel.stream_stream(f"/{SERVICE}/Chat")(requests())
        for i in range(20):
            self.assertEqual(next(answers), b"echo %d" % i)
            turns.release()

    def test_passes_on_what_the_service_refuses(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.unary("Fail")(b"", timeout=PATIENCE)

        self.assertEqual(raised.exception.code(), grpc.StatusCode.FAILED_PRECONDITION)
        self.assertEqual(raised.exception.details(), "not like this: 100% \u00e9")

    def test_tells_the_service_how_much_time_is_left(self):
        self.unary("Add")(b"", timeout=PATIENCE)

        # By the wall clock of the service, which may be set meanwhile.
        self.assertLess(self.service.remaining[0], PATIENCE + 10)
        self.assertGreater(self.service.remaining[0], 0)

    def test_ends_a_call_at_its_deadline(self):
        self.unary("Add")(b"", timeout=PATIENCE)  # everything is connected
        with self.assertRaises(grpc.RpcError) as raised:
            self.unary("Wait")(b"", timeout=2)

        self.assertEqual(raised.exception.code(), grpc.StatusCode.DEADLINE_EXCEEDED)
        self.assertTrue(self.service.cancelled.wait(PATIENCE))

    def test_tells_the_service_that_the_client_gave_up(self):
        call = self.unary("Wait").future(b"")
        self.assertTrue(self.service.entered.wait(PATIENCE))

        call.cancel()

        self.assertTrue(self.service.cancelled.wait(PATIENCE))

    def test_answers_in_grpc_when_there_is_no_route(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.unary("Add", service="shop.Nowhere")(b"", timeout=PATIENCE)

        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)
        self.assertIn("no_route", raised.exception.details())

    def test_answers_in_grpc_when_the_service_is_gone(self):
        self.server.stop(None).wait()

        with self.assertRaises(grpc.RpcError) as raised:
            self.unary("Add")(b"", timeout=PATIENCE)

        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNAVAILABLE)

    def test_answers_grpc_web(self):
        message = b"\0\0\0\0\3web"
        answer = self.curl(f"/{SERVICE}/Add", "-H", "Content-Type: application/grpc-web+proto", "-H", "X-Grpc-Web: 1",
                           "--data-binary", "@-", stdin=message)

        self.assertEqual(answer.status, 200)
        self.assertTrue(answer["content-type"].startswith("application/grpc-web"))
        self.assertTrue(answer.body.startswith(b"\0\0\0\0\x09added web\x80"), answer.body)
        self.assertIn(b"grpc-status: 0\r\n", answer.body)

    def test_answers_grpc_web_in_text(self):
        message = base64.b64encode(b"\0\0\0\0\3web")
        answer = self.curl(f"/{SERVICE}/Add", "-H", "Content-Type: application/grpc-web-text", "--data-binary", "@-",
                           stdin=message)
        parts = [answer.body[i:i + 4] for i in range(0, len(answer.body), 4)]
        decoded = b"".join(base64.b64decode(part, validate=True) for part in parts)

        self.assertTrue(answer["content-type"].startswith("application/grpc-web-text"))
        self.assertTrue(decoded.startswith(b"\0\0\0\0\x09added web\x80"), decoded)


class GrpcOverTls(GrpcCase):
    """TLS on both sides, each of which chooses HTTP/2 by ALPN."""

    scheme = "https"
    listener = "tls: {certs: {cert: certs/localhost.pem, key: certs/localhost.key}}"
    upstream = ", tls: {ca: certs/ca.pem, sni: localhost}"

    def read(self, name):
        return (self.folder / "certs" / name).read_bytes()

    def listen(self):
        made = sluice("dev-cert", "--dir", self.folder / "certs", "localhost", "127.0.0.1")
        self.assertEqual(made.returncode, 0, made.stderr)
        pair = (self.read("localhost.key"), self.read("localhost.pem"))
        return self.server.add_secure_port("127.0.0.1:0", grpc.ssl_server_credentials([pair]))

    def open_channel(self):
        return grpc.secure_channel(f"localhost:{self.port}", grpc.ssl_channel_credentials(self.read("ca.pem")))

    def test_calls_and_gets_metadata_both_ways(self):
        answer, call = self.unary("Add").with_call(b"one", metadata=(("x-mine", "kept"),), timeout=PATIENCE)

        self.assertEqual(answer, b"added one")
        self.assertEqual(dict(call.trailing_metadata())["x-trailer"], "yes")
        self.assertEqual(self.service.calls[0]["x-mine"], "kept")

    def test_streams_both_ways(self):
        answers = self.channel.stream_stream(f"/{SERVICE}/Chat")(iter([b"a", b"b"]), timeout=PATIENCE)

        self.assertEqual(list(answers), [b"echo a", b"echo b"])

    def test_answers_in_grpc_when_there_is_no_route(self):
        with self.assertRaises(grpc.RpcError) as raised:
            self.unary("Add", service="shop.Nowhere")(b"", timeout=PATIENCE)

        self.assertEqual(raised.exception.code(), grpc.StatusCode.UNIMPLEMENTED)


class GrpcRetry(GrpcCase):
    upstream = ", retry: {attempts: 3, grpc: [unavailable]}"

    def test_calls_again_when_the_service_is_unavailable(self):
        self.assertEqual(self.unary("Flaky")(b"message", timeout=PATIENCE), b"at last message")

        self.assertEqual(self.service.calls, [b"message"] * 3)
        eventually(lambda: self.metric("sluice_upstream_retries_total", cause="upstream_status", result="success") == 1,
                   "the retry in the metrics")


class GrpcExample(GrpcCase):
    def test_serves_the_example(self):
        text = (ROOT / "config/examples/grpc.yaml").read_text()
        self.gateway.end()
        self.config.write_text(text.replace(":9004", f":{self.service_port}").replace(":8080", ":0")
                               + 'admin: {bind: "127.0.0.1:0"}\nshutdown: {pre_stop: 0s}\n')
        self.start()
        channel = grpc.insecure_channel(f"127.0.0.1:{self.port}")
        self.addCleanup(channel.close)

        self.assertEqual(channel.unary_unary(f"/{SERVICE}/Add")(b"one", timeout=PATIENCE), b"added one")


if __name__ == "__main__":
    unittest.main()
