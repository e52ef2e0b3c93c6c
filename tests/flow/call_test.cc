// SPDX-License-Identifier: Apache-2.0
// Calls that the gateway makes on its own (chain/call.h), by the forwarder, on real connections. The handler
// that makes them is one of this test: it answers with what the upstream said.
#include "gateway/chain/call.h"

#include <gmock/gmock.h>

#include "gateway/chain/registry.h"

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::call_test {
namespace {

using ::testing::HasSubstr;

struct AskConfig {
  std::string upstream;
  std::optional<config::Duration> timeout;
  bool operator==(const AskConfig&) const = default;
};
void describe(config::Description<AskConfig>& d) {
  using namespace config;
  d.about("ask_upstream", "Calls an upstream and answers with its body.");
  d.field("upstream", &AskConfig::upstream, "Whom.", required, reference("upstream"), example("users"));
  d.field("timeout", &AskConfig::timeout, "How long.");
}

class Ask final : public chain::Handler {
 public:
  Ask(const AskConfig& c, chain::Builder& builder)
      : caller_({.upstream = c.upstream, .timeout = c.timeout}, builder) {}

  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override {
    chain::CallRequest request;
    request.set_uri("/asked?by=us");
    auto answer = co_await caller_.call(ex, request);
    if (!answer) co_return std::move(answer).unexpected();
    ex.response.status = answer->status;
    ex.response_body = http::make_body<http::TextBody>(ex.arena, ex.arena.copy(answer->body));
    co_return base::Result<void>();
  }

 private:
  chain::Caller caller_;
};

const chain::HandlerKind<Ask, AskConfig> kKind{"ask_upstream", "Calls an upstream.", "{upstream: users}"};

constexpr const char* kAsks = R"(
upstreams: {users: {url: <users>}}
routes: [{name: u, match: {path: /**}, ask_upstream: {upstream: users}}]
)";
constexpr const char* kAsksForASecond = R"(
upstreams: {users: {url: <users>}}
routes: [{name: u, match: {path: /**}, ask_upstream: {upstream: users, timeout: 1s}}]
)";

TEST(Call, IsForwardedAsARequestOfTheGatewaysOwn) {
  Gateway gw(kAsks);
  Upstream& users = gw.upstream("users");
  users.answers(200, "said");
  Metrics before(gw);

  EXPECT_EQ(gw.get("/page", "Authorization: Bearer x\r\nAccept: text/html\r\n").body, "said");
  EXPECT_EQ(gw.get("/page").body, "said");

  auto seen = users.request();
  EXPECT_EQ(seen.start, "GET /asked?by=us HTTP/1.1");
  EXPECT_THAT(seen, HasField("Host", users.url().substr(7)));
  EXPECT_THAT(seen, HasField("X-Forwarded-For", "127.0.0.1"));
  EXPECT_THAT(seen, HasField("X-Forwarded-Proto", "http"));
  EXPECT_TRUE(seen.has("X-Forwarded-Host"));
  EXPECT_TRUE(seen.has("X-Request-ID"));
  EXPECT_THAT(seen, HasNoField("Authorization"));
  EXPECT_THAT(seen, HasNoField("Accept"));
  EXPECT_EQ(users.connections(), 1u) << "the pool keeps it";
  EXPECT_EQ(before.growth("sluice_upstream_requests_total", {{"upstream", "users"}}), 2);
}

TEST(Call, EndsAtItsOwnTimeout) {
  Gateway gw(kAsksForASecond);
  gw.upstream("users").script().expect_request().then_wait_for_close();

  EXPECT_THAT(gw.get("/page"), Refused(504, "timeout_total"));
  EXPECT_TRUE(gw.upstream("users").closed(0));
}

TEST(Call, EndsAtItsTimeoutAlsoInTheMiddleOfAStream) {
  for (std::string type : {"Content-Type: text/event-stream\r\n", ""}) {
    Gateway gw(kAsksForASecond);
    gw.upstream("users")
        .script()
        .expect_request()
        .then_send("HTTP/1.1 200 OK\r\n" + type + "\r\ndata: x\n\n")
        .then_wait_for_close();

    EXPECT_THAT(gw.get("/page"), Refused(504, "timeout_total"));
  }
}

TEST(Call, IsTriedAgainOnAStaleConnection) {
  Gateway gw(kAsks);
  Upstream& users = gw.upstream("users");
  users.answers(200, "fresh");
  users.script()
      .expect_request()
      .then_send("HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nfirst")
      .then_close_after(1);

  EXPECT_EQ(gw.get("/page").body, "first");
  EXPECT_EQ(gw.get("/page").body, "fresh");
}

TEST(Call, IsCancelledWhenTheClientLeaves) {
  Gateway gw(kAsks);
  Upstream& users = gw.upstream("users");
  users.script().expect_request().then_wait_for_close();
  {
    auto client = gw.connect();
    client.send("GET /page HTTP/1.1\r\nHost: h\r\n\r\n");
    users.request();
  }

  EXPECT_TRUE(users.closed(0));
}

}  // namespace
}  // namespace sluice::test::call_test
