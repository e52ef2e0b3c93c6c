// SPDX-License-Identifier: Apache-2.0
// Limits that are found out from latency. How they are found is for the unit test, with a simulated service.
#include <gmock/gmock.h>

#include <condition_variable>
#include <list>
#include <mutex>
#include <string>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/metrics.h"

namespace sluice::test::adaptive_concurrency_test {
namespace {

using ::testing::HasSubstr;

std::string upstream(std::string_view settings) {
  return "upstreams: {users: {url: \"<users>\", " + std::string(settings) +
         "}, other: {url: \"<other>\"}}\nroutes: [{name: u, match: {path: /u/**}, to: users}, {name: o, "
         "match: {path: /o}, to: "
         "other}]\n";
}

constexpr std::string_view kOne = "adaptive_concurrency: {min: 1, max: 1}";
const Labels kUsers = {{"upstream", "users"}};

TEST(AdaptiveConcurrency, RefusesWhatIsOverTheLimit) {
  Gateway gw(upstream(kOne));
  RawClient client = gw.connect();
  client.send(get("/u/first"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  Metrics metrics(gw);

  auto refused = gw.get("/u/second");

  EXPECT_THAT(refused, Refused(503, "upstream_saturated"));
  EXPECT_EQ(refused.value("Retry-After"), "1");
  EXPECT_THAT(refused.value("Proxy-Status"), HasSubstr("connection_limit_reached"));
  EXPECT_TRUE(metrics.becomes(1, "sluice_upstream_concurrency_limit", kUsers));
  EXPECT_EQ(metrics.growth("sluice_requests_total", {{"reason", "upstream_saturated"}}), 1);
  EXPECT_THAT(gw.admin("/upstreams").body, HasSubstr("\"why\":\"limit 1, in flight 1, because"));
  EXPECT_THAT(gw.log_line(), HasSubstr("upstream_saturated"));
  target.send(ok("first"));
  EXPECT_EQ(client.response().body, "first");
}

TEST(AdaptiveConcurrency, HasRequestsWaitWhereThereIsAQueue) {
  Gateway gw(upstream(std::string(kOne) + ", queue: {max: 1, timeout: 1m}"));
  RawClient client = gw.connect(), second = gw.connect();
  client.send(get("/u/first"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  Metrics metrics(gw);

  second.send(get("/u/second"));
  EXPECT_TRUE(metrics.becomes(1, "sluice_upstream_pending_requests", kUsers));
  EXPECT_THAT(gw.get("/u/third"), Refused(503, "upstream_saturated")) << "the queue is full";
  target.send(ok("first", "Connection: close\r\n"));
  EXPECT_EQ(client.response().body, "first");
  auto next = gw.upstream("users").accept();
  next.expect_request();
  next.send(ok("second"));

  EXPECT_EQ(second.response().body, "second");
}

// What streams for hours is no work that others wait for.
TEST(AdaptiveConcurrency, CountsARequestUntilItsAnswerBegins) {
  Gateway gw(upstream(kOne));
  RawClient client = gw.connect(), second = gw.connect();
  client.send(get("/u/events"));
  auto stream = gw.upstream("users").accept();
  stream.expect_request();
  stream.send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_EQ(client.response_head().status, 200);

  second.send(get("/u/second"));
  auto target = gw.upstream("users").accept();
  target.expect_request();
  target.send(ok("second"));

  EXPECT_EQ(second.response().body, "second");
}

TEST(AdaptiveConcurrency, GivesThePlaceOfAFailureFree) {
  Gateway gw(upstream(std::string(kOne) + ", retry: none"));
  gw.upstream("users").script().expect_request().then_close();
  gw.upstream("users").answers(200, "ok");

  EXPECT_THAT(gw.get("/u/x"), Refused(502, "upstream_reset"));

  EXPECT_EQ(gw.get("/u/x").body, "ok");
}

TEST(AdaptiveConcurrency, BoundsWhatAnUpstreamThatDoesNotAnswerGets) {
  Gateway gw(upstream("adaptive_concurrency: true"));
  Upstream& users = gw.upstream("users");
  gw.upstream("other").answers(200, "o");
  std::mutex mutex;
  std::condition_variable changed;
  bool stuck = false;
  auto set_stuck = [&](bool to) {
    std::lock_guard lock(mutex);
    stuck = to;
    changed.notify_all();
  };
  users.answers_by([&](const Request&) -> Answer {
    std::unique_lock lock(mutex);
    changed.wait(lock, [&] { return !stuck; });
    return {ok("u")};
  });
  auto shows = [&](std::string_view what) {
    return gw.admin("/upstreams").body.find(what) != std::string::npos;
  };
  // Until its usual latency is known.
  while (!shows("times its floor"))
    for (int i = 0; i < 20; ++i) gw.get("/u/x");
  EXPECT_TRUE(shows("\"limit\":null"));

  set_stuck(true);
  std::list<RawClient> clients;
  while (shows("\"limit\":null")) {
    clients.push_back(gw.connect());
    clients.back().send(get("/u/x"));
    for (int i = 0; i < 50; ++i) gw.get("/o");
  }
  auto asked = users.request_count();

  for (int i = 0; i < 10; ++i) EXPECT_THAT(gw.get("/u/x"), Refused(503, "upstream_saturated"));

  EXPECT_EQ(users.request_count(), asked);
  set_stuck(false);
  clients.pop_back();  // the one that met the limit first
  for (auto& c : clients) EXPECT_THAT(c.response(), HasStatus(200));
}

}  // namespace
}  // namespace sluice::test::adaptive_concurrency_test
