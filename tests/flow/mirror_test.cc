// SPDX-License-Identifier: Apache-2.0
// Copies of requests that nobody waits for.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::mirror_test {
namespace {

std::string yaml(const std::string& settings) {
  return "upstreams: {users: {url: <users>}, next: {url: <next>}}\n"
         "routes: [{name: u, match: {path: /**}, use: [{mirror: " +
         settings + "}], to: users}]\n";
}

double counted(const Metrics& before, const char* result) {
  return before.growth("sluice_mirror_requests_total", {{"route", "u"}, {"result", result}});
}
bool becomes(const Metrics& before, const char* result) {
  return before.grows_by(1, "sluice_mirror_requests_total", {{"route", "u"}, {"result", result}});
}

TEST(Mirror, SendsTheRequestElsewhereToo) {
  Gateway gw(yaml("next"));
  Metrics before(gw);
  gw.upstream("users").answers(200, "primary");
  gw.upstream("next").answers(500, "shadow");

  EXPECT_EQ(gw.post("/orders?x=1", "hello", "X-Key: k\r\n").body, "primary");

  EXPECT_TRUE(becomes(before, "answered"));
  auto copy = gw.upstream("next").request();
  auto original = gw.upstream("users").request();
  EXPECT_EQ(copy.method + " " + copy.target, "POST /orders?x=1");
  EXPECT_EQ(copy.body, "hello");
  EXPECT_EQ(copy.value("X-Shadow"), "1");
  EXPECT_EQ(copy.value("X-Key"), "k");
  EXPECT_EQ(copy.value("Host"), original.value("Host"));
  EXPECT_EQ(copy.value("X-Forwarded-For"), original.value("X-Forwarded-For"));
  EXPECT_FALSE(original.has("X-Shadow"));
}

TEST(Mirror, IsNotWaitedForAndNotTriedAgain) {
  Gateway gw(yaml("{to: next, timeout: 300ms}"));
  Metrics before(gw);
  gw.upstream("users").answers(200, "primary");

  EXPECT_EQ(gw.get("/u").body, "primary");

  auto shadow = gw.upstream("next").accept();
  shadow.expect_request();  // and says nothing
  EXPECT_TRUE(becomes(before, "timeout"));
  EXPECT_TRUE(shadow.ended());
  EXPECT_EQ(gw.upstream("next").request_count(), 1u);
}

TEST(Mirror, GoesOnWhenTheClientHasGone) {
  Gateway gw(yaml("next"));
  Metrics before(gw);
  gw.upstream("users").answers(200, "primary");
  {
    RawClient client = gw.connect();
    EXPECT_EQ(client.ask(get("/u")).body, "primary");
  }
  auto shadow = gw.upstream("next").accept();
  shadow.expect_request();
  shadow.send(ok("late"));

  EXPECT_TRUE(becomes(before, "answered"));
}

TEST(Mirror, DoesNotHarmWhenItsUpstreamIsDown) {
  Gateway gw(yaml("next"));
  Metrics before(gw);
  gw.upstream("users").answers(200, "primary");
  gw.upstream("next").stop_listening();

  EXPECT_EQ(gw.get("/u").body, "primary");

  EXPECT_TRUE(becomes(before, "failed"));
}

// Whatever becomes of the copies: no request waits for one, and there are no more of them than may be.
class MirrorThatIsFull : public ::testing::Test {
 protected:
  static constexpr int kRequests = 6;
  void expect_all_answered(Gateway& gw) {
    gw.upstream("users").answers(200, "primary");
    for (int i = 0; i < kRequests; ++i) EXPECT_EQ(gw.get("/u").body, "primary") << i;
  }
};

TEST_F(MirrorThatIsFull, DropsCopiesWhereItsTargetNeverAnswers) {
  Gateway gw(yaml("{to: next, max_in_flight: 2, timeout: 1h}"));
  Metrics before(gw);

  expect_all_answered(gw);

  EXPECT_EQ(counted(before, "shed"), kRequests - 2);
  auto one = gw.upstream("next").accept(), other = gw.upstream("next").accept();
  one.expect_request();
  other.expect_request();
  EXPECT_EQ(gw.upstream("next").request_count(), 2u);

  one.send(ok("late"));
  EXPECT_TRUE(becomes(before, "answered"));
  EXPECT_EQ(gw.get("/u").body, "primary");
  EXPECT_EQ(counted(before, "shed"), kRequests - 2) << "there is a place again";
}

TEST_F(MirrorThatIsFull, DropsCopiesWhereItsTargetIsNeverReached) {
  Bell bell;
  Socket reserved = Socket::reserve();
  // Its one place in the queue is taken: connections are neither made nor refused.
  Socket listener = Socket::listen(reserved.port(), &bell, 0);
  Socket filler = Socket::connect(reserved.port());
  Gateway gw(
      "upstreams: {users: {url: <users>}, next: {url: \"http://127.0.0.1:" + std::to_string(reserved.port()) +
      "\", timeouts: {connect: 1h}}}\n"
      "routes: [{name: u, match: {path: /**}, use: [{mirror: {to: next, max_in_flight: 2, timeout: "
      "1h}}], to: users}]\n");
  Metrics before(gw);

  expect_all_answered(gw);

  EXPECT_EQ(counted(before, "shed"), kRequests - 2);
  EXPECT_EQ(before.growth("sluice_mirror_requests_total", {{"route", "u"}}), kRequests - 2)
      << "nothing has come of the others";
}

TEST_F(MirrorThatIsFull, FailsAndDropsCopiesWhereItsTargetRefuses) {
  Gateway gw(yaml("{to: next, max_in_flight: 1}"));
  Metrics before(gw);
  gw.upstream("next").stop_listening();

  expect_all_answered(gw);

  EXPECT_TRUE(before.grows_by(kRequests, "sluice_mirror_requests_total", {{"route", "u"}}));
  EXPECT_EQ(counted(before, "failed") + counted(before, "shed"), kRequests);
  EXPECT_GE(counted(before, "failed"), 1);
}

TEST(Mirror, GivesUpOnLongBodies) {
  Gateway gw(yaml("{to: next, max_body: 1KiB}"));
  Metrics before(gw);
  gw.upstream("users").answers(200, "primary");

  EXPECT_EQ(gw.post("/u", patterned(4096)).body, "primary");
  EXPECT_EQ(counted(before, "too_large"), 1);
  auto client = gw.connect();
  EXPECT_EQ(client
                .ask("POST /u HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" +
                     chunked(patterned(4096), 1000))
                .body,
            "primary");
  EXPECT_EQ(counted(before, "too_large"), 2);
  EXPECT_EQ(gw.upstream("next").request_count(), 0u);
}

TEST(Mirror, IsCutWhenTheGatewayStops) {
  std::unique_ptr<Gateway> gw = std::make_unique<Gateway>(yaml("next"));
  gw->upstream("users").answers(200, "primary");
  EXPECT_EQ(gw->get("/u").body, "primary");
  auto shadow = gw->upstream("next").accept();
  shadow.expect_request();

  gw->drain().wait();
  gw.reset();
}

TEST(Mirror, SurvivesAReloadThatForgetsIt) {
  Gateway gw(yaml("next"));
  gw.upstream("users").answers(200, "primary");
  EXPECT_EQ(gw.get("/u").body, "primary");
  auto shadow = gw.upstream("next").accept();
  shadow.expect_request();

  EXPECT_TRUE(gw.reload("upstreams: {users: {url: <users>}}\n"
                        "routes: [{name: u, match: {path: /**}, to: users}]\n")
                  .good);
  EXPECT_EQ(gw.get("/u").body, "primary");
  shadow.send(ok("late"));
  EXPECT_EQ(gw.get("/u").body, "primary");
}

}  // namespace
}  // namespace sluice::test::mirror_test
