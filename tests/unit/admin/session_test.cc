// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/session.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/compressed.h"
#include "tests/unit/admin/served.h"

namespace sluice::admin::session_test {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

TEST(AdminSession, AnswersOneRequestAfterTheOther) {
  Served served;
  Client client(served.port());

  for (int i = 0; i < 3; ++i) {
    client.send("GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n");
    EXPECT_THAT(client.read_until("}\n"), StartsWith("HTTP/1.1 200 OK\r\n"));
  }
}

TEST(AdminSession, AnswersPipelinedRequestsInOrder) {
  Served served;
  Client client(served.port());

  client.send(
      "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n"
      "GET /readyz HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
  auto text = client.read_to_end();

  EXPECT_LT(text.find("{\"live\":true}"), text.find("{\"ready\":true}"));
  EXPECT_THAT(text, EndsWith("{\"ready\":true}\n"));
}

TEST(AdminSession, ReadsTheBodyOfWhatTakesOneAndGoesOn) {
  auto suppliers = plain_suppliers();
  suppliers.targets.put = [](std::string_view, std::string list, bool) {
    return TargetsTold{TargetsTold::Kind::done, list.size()};
  };
  AdminLimits limits;
  limits.body = 20'000;
  Served served(std::move(suppliers), any_port(), limits);
  Client client(served.port());
  auto put = [](std::size_t size) {
    return "PUT /upstreams/orders/targets HTTP/1.1\r\nHost: localhost\r\nContent-Length: " +
           std::to_string(size) + "\r\n\r\n" + std::string(size, 'x');
  };

  for (std::size_t size : {7u, 0u, 20'000u}) {
    client.send(put(size));
    EXPECT_THAT(client.read_until("}\n"), EndsWith("{\"targets\":" + std::to_string(size) + "}\n"));
  }
  client.send(put(20'001));

  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
}

TEST(AdminSession, SendsTheMetricsPieceByPiece) {
  Served served;

  auto text = get(served.port(), "/metrics");

  EXPECT_THAT(text, HasSubstr("Transfer-Encoding: chunked\r\n"));
  EXPECT_THAT(text, EndsWith("\r\n\r\n8\r\npiece 0\n\r\n8\r\npiece 1\n\r\n8\r\npiece 2\n\r\n0\r\n\r\n"));
}

TEST(AdminSession, CompressesMetricsForScrapersThatTakeIt) {
  Served served;
  Client client(served.port());
  client.send(
      "GET /metrics HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\nConnection: close\r\n\r\n");

  auto head = client.read_until("\r\n\r\n"), body = client.read_to_end();

  EXPECT_THAT(head, HasSubstr("Content-Encoding: gzip\r\n"));
  EXPECT_THAT(head, HasSubstr("Vary: Accept-Encoding\r\n"));
  // So short a text comes in one chunk.
  auto size = std::stoul(body, nullptr, 16);
  auto chunk = body.substr(body.find("\r\n") + 2, size);
  EXPECT_EQ(test::expanded("gzip", chunk), "piece 0\npiece 1\npiece 2\n");
  EXPECT_THAT(body, EndsWith("\r\n0\r\n\r\n"));
  EXPECT_THAT(get(served.port(), "/metrics"), Not(HasSubstr("Content-Encoding")));
}

TEST(AdminSession, SurvivesSuppliersWithNothingToSay) {
  auto suppliers = plain_suppliers();
  suppliers.metrics = [](std::size_t piece, std::string&) { return piece < 2 ? piece + 1 : 0; };
  Served served(std::move(suppliers));

  EXPECT_THAT(get(served.port(), "/metrics"), EndsWith("\r\n\r\n0\r\n\r\n"));
}

TEST(AdminSession, SendsTheMetricsWholeToHttp10) {
  Served served;
  Client client(served.port());

  client.send("GET /metrics HTTP/1.0\r\n\r\n");
  auto text = client.read_to_end();

  EXPECT_THAT(text, StartsWith("HTTP/1.0 200 OK\r\n"));
  EXPECT_THAT(text, Not(HasSubstr("Transfer-Encoding")));
  EXPECT_THAT(text, HasSubstr("Content-Length: 24\r\n"));
  EXPECT_THAT(text, EndsWith("\r\n\r\npiece 0\npiece 1\npiece 2\n"));
}

TEST(AdminSession, SendsNoBodyToHead) {
  Served served;
  for (auto target : {"/metrics", "/livez"}) {
    Client client(served.port());
    client.send("HEAD " + std::string(target) + " HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), EndsWith("\r\n\r\n")) << target;
  }
}

TEST(AdminSession, SaysWhatItSendsAndThatItIsNotToBeStored) {
  Served served;

  auto text = get(served.port(), "/nothing");

  EXPECT_THAT(text, StartsWith("HTTP/1.1 404 Not Found\r\n"));
  EXPECT_THAT(text, HasSubstr("Content-Type: application/problem+json\r\n"));
  EXPECT_THAT(text, HasSubstr("Cache-Control: no-store\r\n"));
  EXPECT_THAT(text, HasSubstr("X-Content-Type-Options: nosniff\r\n"));
}

TEST(AdminSession, AnswersARequestWithABodyAndCloses) {
  Served served;
  Client client(served.port());

  client.send("POST /metrics HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
  auto text = client.read_to_end();

  EXPECT_THAT(text, StartsWith("HTTP/1.1 405 Method Not Allowed\r\n"));
  EXPECT_THAT(text, HasSubstr("Allow: GET, HEAD\r\n"));
  EXPECT_THAT(text, HasSubstr("Connection: close\r\n"));
}

TEST(AdminSession, RefusesWhatIsNotHttp) {
  Served served;
  Client client(served.port());

  client.send("hello world\r\n\r\n");

  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 400 Bad Request\r\n"));
}

TEST(AdminSession, RefusesAHeadThatIsTooLarge) {
  Served served;
  Client client(served.port());

  client.send("GET / HTTP/1.1\r\nHost: localhost\r\nX: " + std::string(20'000, 'x') + "\r\n\r\n");

  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 431 "));
}

TEST(AdminSession, ClosesOnAClientThatDoesNotFinishItsHead) {
  AdminLimits limits;
  limits.request = 20ms;
  Served served(plain_suppliers(), any_port(), limits);
  Client client(served.port());

  client.send("GET /livez HT");

  EXPECT_EQ(client.read_to_end(), "");
  EXPECT_TRUE(client.closed());
}

TEST(AdminSession, ReadsTheBodyOfAChange) {
  auto suppliers = plain_suppliers();
  suppliers.changes.change_target = [](const TargetChange& c) {
    return TargetChanged{TargetChanged::Kind::done,
                         "{\"weight\":" + std::to_string(c.weight.value_or(0)) + "}"};
  };
  Served served(std::move(suppliers));
  Client client(served.port());

  for (int i = 0; i < 2; ++i) {  // the connection goes on
    client.send(
        "PATCH /upstreams/a/targets/b:1 HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        "Content-Length: 12\r\n\r\n{\"weight\":");
    client.send("7}");
    EXPECT_THAT(client.read_until("}\n"), EndsWith("\r\n\r\n{\"weight\":7}\n"));
  }
}

TEST(AdminSession, RefusesABodyThatIsTooLong) {
  Served served;
  Client client(served.port());

  client.send(
      "POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
      "Content-Length: 100000\r\n\r\n{");

  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 413 "));
}

TEST(AdminSession, WaitsForAnAnswerThatComesLater) {
  auto suppliers = plain_suppliers();
  std::promise<void> asked;
  std::function<void(Reloaded)> done;
  suppliers.changes.reload = [&](auto d) {
    done = std::move(d);
    asked.set_value();
  };
  suppliers.readiness = [&] {
    std::exchange(done, nullptr)({true, "00ff", ""});  // on the control thread too
    return Readiness{};
  };
  Served served(std::move(suppliers));
  Client client(served.port());
  const std::string reload =
      "POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n\r\n";

  client.send(reload);
  asked.get_future().wait();
  get(served.port(), "/readyz");

  EXPECT_THAT(client.read_until("}\n"),
              EndsWith("{\"reloaded\":true,\"hash\":\"00ff\",\"diagnostics\":null}\n"));
}

TEST(AdminSession, WantsTheToken) {
  auto config = any_port();
  config.token = config::Secret{"0123456789abcdef"};
  Served served(plain_suppliers(), config);
  Client client(served.port());

  EXPECT_THAT(get(served.port(), "/metrics"),
              HasSubstr("WWW-Authenticate: Bearer realm=\"sluice admin\"\r\n"));
  EXPECT_THAT(get(served.port(), "/livez"), HasSubstr("200 OK"));
  client.send(
      "GET /metrics HTTP/1.1\r\nHost: gw\r\nAuthorization: Bearer 0123456789abcdef\r\nConnection: "
      "close\r\n\r\n");
  EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 200 OK\r\n"));
}

TEST(AdminSession, LetsNoPageOfABrowserChangeAnything) {
  Served served;
  for (auto field : {"Origin: http://127.0.0.1:9901", "Sec-Fetch-Site: cross-site"}) {
    Client client(served.port());
    client.send(
        "POST /reload HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\nConnection: "
        "close\r\n" +
        std::string(field) + "\r\n\r\n");
    EXPECT_THAT(client.read_to_end(), StartsWith("HTTP/1.1 403 ")) << field;
  }
}

// Metrics without end: at some point the buffers on the way to the client are full.
Suppliers endless_suppliers() {
  auto suppliers = plain_suppliers();
  suppliers.metrics = [](std::size_t, std::string& out) -> std::size_t {
    out.append(1 << 20, 'x');
    return 1;
  };
  return suppliers;
}

TEST(AdminSession, ClosesOnAClientThatDoesNotRead) {
  AdminLimits limits;
  limits.write = 20ms;
  limits.connections = 1;
  Served served(endless_suppliers(), any_port(), limits);
  Client client(served.port());
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");

  // There is room for another one only when the server has given this one up.
  bool answered = false;
  for (int i = 0; i < 1'000'000 && !answered; ++i)
    answered = get(served.port(), "/livez").find("200 OK") != std::string::npos;
  client.read_to_end();

  EXPECT_TRUE(answered);
  EXPECT_TRUE(client.closed());
}

TEST(AdminSession, AnswersOthersWhileOneDoesNotRead) {
  Served served(endless_suppliers());
  Client client(served.port());
  client.send("GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n");

  for (int i = 0; i < 20; ++i) EXPECT_THAT(get(served.port(), "/livez"), HasSubstr("200 OK"));
}

}  // namespace
}  // namespace sluice::admin::session_test
