// SPDX-License-Identifier: Apache-2.0
// Compositions that answer in lines, one for each call, as they come.
#include "tests/flow/composition.h"
#include "tests/support/metrics.h"

namespace sluice::test::streamed_compose_test {
namespace {

using ::testing::HasSubstr;

class StreamedComposition : public Composition {
 protected:
  // A client that has asked; the calls wait for what the test says.
  RawClient ask() {
    auto client = gw->connect();
    client.send(get("/page/7"));
    return client;
  }
  UpstreamConnection asked(Upstream& upstream) {
    auto out = upstream.accept();
    out.expect_request();
    return out;
  }
  static void say(UpstreamConnection& to, std::string_view body) {
    to.send(ok(body, "Connection: close\r\n"));
  }
  // The next chunk of a response whose head was read.
  static std::string chunk(RawClient& client) {
    std::string size;
    while (!size.ends_with("\r\n")) {
      std::string byte = client.receive(1);
      if (byte.empty()) return "<end>";
      size += byte;
    }
    std::string out = client.receive(std::stoul(size, nullptr, 16));
    client.receive(2);
    return out;
  }
};

constexpr const char* kThree = R"({stream: true, calls: {
  user: {get: "users:/"}, orders: {get: "orders:/", pick: items, drop: "[].x"}, ads: {get: "ads:/"}}})";

TEST_F(StreamedComposition, SendsEachPartWhenItComes) {
  with(kThree);
  auto client = ask();
  auto user = asked(users()), order = asked(orders()), ad = asked(ads());

  say(order, "{\"items\": [{\"id\": 1.50,\n \"x\": 2}]}");
  auto head = client.response_head();
  EXPECT_EQ(head.status, 200);
  EXPECT_THAT(head, HasField("Content-Type", "application/x-ndjson"));
  EXPECT_THAT(head, HasField("Cache-Control", "no-store"));
  EXPECT_EQ(chunk(client), "{\"call\":\"orders\",\"value\":[{\"id\": 1.50}]}\n");
  say(ad, "\r\n[1,\n2]");
  EXPECT_EQ(chunk(client), "{\"call\":\"ads\",\"value\":[1,2]}\n");
  say(user, "7");
  EXPECT_EQ(chunk(client), "{\"call\":\"user\",\"value\":7}\n{\"complete\":true}\n");
  EXPECT_EQ(chunk(client), "");
}

TEST_F(StreamedComposition, HasTheSameLinesInWhateverOrder) {
  with(kThree);
  std::string first;
  for (int order = 0; order < 3; ++order) {
    auto client = ask();
    UpstreamConnection calls[] = {asked(users()), asked(orders()), asked(ads())};
    const char* bodies[] = {"1", "{\"items\":[]}", "null"};
    for (int i = 0; i < 3; ++i) say(calls[(order + i) % 3], bodies[(order + i) % 3]);
    std::string body = client.response().body;
    for (std::string_view line : {"{\"call\":\"user\",\"value\":1}\n", "{\"call\":\"orders\",\"value\":[]}\n",
                                  "{\"call\":\"ads\",\"value\":null}\n"})
      EXPECT_THAT(body, HasSubstr(line));
    EXPECT_TRUE(body.ends_with("\n{\"complete\":true}\n")) << body;
  }
}

TEST_F(StreamedComposition, SaysAtTheEndWhatIsMissing) {
  with(R"({stream: true, error_bodies: true, calls: {user: {get: "users:/"}, orders: {get: "orders:/"},
    ads: {get: "ads:/", timeout: 1s, fallback: []}}})");
  users().answers(200, "1");
  orders().answers(500, "{\"no\":\n1}");
  ads().script().expect_request().then_wait_for_close();
  Metrics before(*gw);

  std::string body = gw->get("/page/7").body;

  EXPECT_THAT(body, HasSubstr("{\"call\":\"user\",\"value\":1}\n"));
  EXPECT_THAT(body, HasSubstr("{\"call\":\"ads\",\"value\":[]}\n"));
  EXPECT_TRUE(
      body.ends_with("\n{\"complete\":false,\"errors\":{\"orders\":{\"status\":500,\"reason\":\"status\","
                     "\"body\":{\"no\":1}},\"ads\":{\"reason\":\"timeout\"}}}\n"))
      << body;
  EXPECT_EQ(before.growth("sluice_compose_responses_total", {{"result", "partial"}}), 1);
}

TEST_F(StreamedComposition, WaitsForWhatAPartIsEnrichedWith) {
  with(R"({stream: true, calls: {
    orders: {get: "orders:/", join: {on: owner, with: users.id}}, users: {get: "users:/", hide: true}}})");
  auto client = ask();
  auto user = asked(users()), order = asked(orders());
  say(order, R"([{"owner":7}])");
  say(user, R"([{"id":7}])");

  EXPECT_EQ(client.response().body,
            "{\"call\":\"orders\",\"value\":[{\"owner\":7,\"users\":{\"id\":7}}]}\n{\"complete\":true}\n");
}

constexpr const char* kRequired = R"({stream: true, calls: {
  user: {get: "users:/", required: true, response_headers: ETag}, orders: {get: "orders:/"}}})";

TEST_F(StreamedComposition, BeginsWhenRequiredCallsHaveAnswered) {
  with(kRequired);
  auto client = ask();
  auto user = asked(users()), order = asked(orders());
  say(order, "1");
  user.send(ok("2", "ETag: \"v\"\r\n"));

  auto response = client.response();

  EXPECT_THAT(response, HasStatus(200));
  EXPECT_THAT(response, HasField("ETag", "\"v\""));
  EXPECT_THAT(response.body, HasSubstr("{\"call\":\"orders\",\"value\":1}\n"));
}

TEST_F(StreamedComposition, GivesTheFieldsOfARequiredCallForEachItem) {
  with(R"({stream: true, calls: {ids: {get: "orders:/", required: true},
    users: {each: "${ids[]}", get: "users:/${each}", required: true, response_headers: X-N}}})");
  orders().answers(200, "[1,2]");
  users().answers(200, "7", {{"X-N", "some"}});

  EXPECT_THAT(gw->get("/page/7"), HasField("X-N", "some"));
}

TEST_F(StreamedComposition, AnswersWithTheFailureOfARequiredCall) {
  with(kRequired);
  orders().answers(200, "1");
  users().answers(404, "{\"no\":1}");
  auto page = gw->get("/page/7");
  EXPECT_THAT(page, HasStatus(404));
  EXPECT_EQ(page.body, "{\"no\":1}");

  users().answers(500, "");
  EXPECT_THAT(gw->get("/page/7"), Refused(502, "upstream_status"));
}

TEST_F(StreamedComposition, IsNoSuccessIfEverythingFailed) {
  with(kThree);
  for (Upstream* u : {&users(), &orders(), &ads()}) u->answers(500, "");

  EXPECT_THAT(gw->get("/page/7"), Refused(502, "upstream_status"));
}

TEST_F(StreamedComposition, EndsAtItsDeadline) {
  with(R"({stream: true, timeout: 1s, calls: {user: {get: "users:/"}, orders: {get: "orders:/"}}})");
  users().answers(200, "1");
  orders().script().expect_request().then_wait_for_close();

  EXPECT_EQ(gw->get("/page/7").body,
            "{\"call\":\"user\",\"value\":1}\n{\"complete\":false,\"errors\":{\"orders\":{\"reason\":"
            "\"timeout\"}}}\n");
  EXPECT_TRUE(orders().closed(0));
}

TEST_F(StreamedComposition, CancelsWhatIsLeftWhenTheClientLeaves) {
  with(kThree);
  users().answers(200, "1");
  for (Upstream* u : {&orders(), &ads()}) u->script().expect_request().then_wait_for_close();
  {
    auto client = ask();
    client.response_head();
    EXPECT_EQ(chunk(client), "{\"call\":\"user\",\"value\":1}\n");
    for (Upstream* u : {&orders(), &ads()}) u->request();
  }

  EXPECT_TRUE(orders().closed(0));
  EXPECT_TRUE(ads().closed(0));
  EXPECT_THAT(gw->log_line(), HasSubstr("client_closed"));
}

TEST_F(StreamedComposition, SendsPartsThatAreLargerThanAPiece) {
  with(R"({stream: true, calls: {user: {get: "users:/"}, orders: {get: "orders:/"}}})");
  std::string large = "\"" + std::string(300'000, 'x') + "\"";
  users().answers(200, large);
  orders().answers(200, large);

  std::string body = gw->get("/page/7").body;

  EXPECT_THAT(body, HasSubstr("{\"call\":\"user\",\"value\":" + large + "}\n"));
  EXPECT_THAT(body, HasSubstr("{\"call\":\"orders\",\"value\":" + large + "}\n"));
}

}  // namespace
}  // namespace sluice::test::streamed_compose_test
