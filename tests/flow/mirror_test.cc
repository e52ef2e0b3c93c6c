// SPDX-License-Identifier: Apache-2.0
// Copies of requests that nobody waits for.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test {
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
}  // namespace sluice::test
