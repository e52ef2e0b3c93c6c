# SPDX-License-Identifier: Apache-2.0
"""forward_auth asks a service that is written for Envoy: a real server of gRPC, with Google's own Protocol Buffers."""
import unittest
from concurrent import futures

import grpc
from envoy_auth import CHECK, CheckRequest, CheckResponse

from harness import Case, hello


class Service(grpc.GenericRpcHandler):
    def __init__(self):
        self.asked = []
        self.fails = None

    def service(self, details):
        if details.method != CHECK:
            return None
        return grpc.unary_unary_rpc_method_handler(self.check, request_deserializer=CheckRequest.FromString,
                                                   response_serializer=CheckResponse.SerializeToString)

    def check(self, request, context):
        self.asked.append((request.attributes, context.time_remaining()))
        if self.fails:
            context.abort(self.fails, "not now")
        http = request.attributes.request.http
        answer = CheckResponse()
        if http.headers.get("authorization") == "Bearer good":
            for key, value in (("x-user", "ann"), ("x-more", "no")):
                option = answer.ok_response.headers.add()
                option.header.key, option.header.value = key, value
            answer.ok_response.headers_to_remove.append("authorization")
        else:
            answer.status.code = grpc.StatusCode.UNAUTHENTICATED.value[0]
            answer.denied_response.status.code = 401
            answer.denied_response.body = "who are you?"
            option = answer.denied_response.headers.add()
            option.header.key, option.header.value = "WWW-Authenticate", 'Bearer realm="api"'
        return answer


class EnvoyAuth(Case):
    def setUp(self):
        super().setUp()
        self.service = Service()
        self.server = grpc.server(futures.ThreadPoolExecutor(max_workers=4))
        self.server.add_generic_rpc_handlers((self.service,))
        port = self.server.add_insecure_port("127.0.0.1:0")
        self.server.start()
        self.addCleanup(lambda: self.server.stop(None).wait())
        self.config.write_text(f"""version: 1
listeners: {{web: {{bind: "127.0.0.1:0"}}}}
admin: {{bind: "127.0.0.1:0"}}
consumers: [{{name: ann}}]
upstreams:
  app: {{url: "http://127.0.0.1:{hello()}"}}
  auth: {{url: "http://127.0.0.1:{port}", protocol: h2}}
policies:
  asked: {{forward_auth: {{to: auth, protocol: envoy_grpc, copy: X-User, consumer: X-User}}}}
routes:
  - name: all
    match: {{path: /**}}
    use: [asked, {{headers: {{response: {{set: {{X-Caller: "${{consumer.id}}", X-Seen: "${{header.authorization}}"}}}}}}}}]
    to: app
shutdown: {{pre_stop: 0s, grace: 5s}}
""")
        self.gateway = self.start()

    def ask(self, *options):
        return self.curl("/hello?x=1", *options)

    def test_lets_pass_whom_the_service_allows(self):
        answer = self.ask("-H", "Authorization: Bearer good", "-H", "X-User: claimed", "-H", "Host: shop.example")

        self.assertEqual((answer.status, answer["x-caller"], answer["x-seen"]), (200, "ann", ""))
        attributes, left = self.service.asked[0]
        http = attributes.request.http
        self.assertEqual((http.method, http.path, http.host, http.scheme, http.protocol, http.size),
                         ("GET", "/hello?x=1", "shop.example", "http", "HTTP/1.1", -1))
        self.assertEqual(dict(http.headers), {"authorization": "Bearer good"})
        self.assertEqual(len(http.id), 36)
        self.assertEqual(attributes.source.address.socket_address.address, "127.0.0.1")
        self.assertGreater(attributes.source.address.socket_address.port_value, 0)
        self.assertLessEqual(left, 1.0)

    def test_gives_the_client_what_the_service_says_of_others(self):
        answer = self.ask("-H", "Authorization: Bearer bad")

        self.assertEqual((answer.status, answer.body), (401, b"who are you?"))
        self.assertIn(("www-authenticate", 'Bearer realm="api"'), answer.fields)

    def test_lets_nobody_pass_while_the_service_fails(self):
        for code in (grpc.StatusCode.UNAVAILABLE, grpc.StatusCode.PERMISSION_DENIED, grpc.StatusCode.INTERNAL):
            self.service.fails = code
            self.assertEqual(self.ask("-H", "Authorization: Bearer good").status, 503)

    def test_lets_nobody_pass_without_the_service(self):
        self.server.stop(None).wait()
        self.assertEqual(self.ask("-H", "Authorization: Bearer good").status, 503)


if __name__ == "__main__":
    unittest.main()
