// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/admin/failed.h"

namespace sluice::admin::failure_story_test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(FailureStory, TellsTheWayOfARequest) {
  EXPECT_EQ(failure_story(failed(), surroundings()),
            R"(request     req-1 at 2027-01-15T08:00:00.000Z, worker 1
            GET shop.example/orders/7 (HTTP/1.1) from 192.0.2.7 at listener web
answer      504 timeout_first_byte: The target sent no byte of an answer in time.
detail      10.0.0.4:8080 said nothing for 30s
whose       the upstream's side
route       orders   (gateway.yaml:7:5)
filter      request_id           passed   (gateway.yaml:5:8)
filter      staff                passed   (gateway.yaml:9:12)
upstream    shop
attempt 1   10.0.0.3:8080            upstream_connect_failed after 1ms
attempt 2   10.0.0.4:8080            timeout_first_byte after 30s
time        30.004s, auth 1.25ms
timeout     connect    2s   (default)
timeout     first_byte 30s   (gateway.yaml:20:17)   <- passed
look at     The target took the request and did not begin to answer in that time. Look at what it does; raise the time if the work takes so long.
setting     timeouts.first_byte
more        docs/troubleshooting.md#timeout_first_byte
)");
}

TEST(FailureStory, NamesTheTimeoutThatPassed) {
  using namespace std::chrono_literals;
  auto now = surroundings();
  auto& shop = now.route->forwards.front();
  shop.timeouts = {{"first_byte", 30s, "default"},
                   {"idle", 60s, "default"},
                   {"tunnel", 1h, "default"},
                   {"attempt", 300ms, "gateway.yaml:8:1"}};
  shop.in_force.attempt = 300ms;
  now.route->forwards.push_back({"canary", 1, {}, {{"first_byte", 5s, "default"}}});
  auto f = failed();

  auto attempt = failure_story(f, now);
  EXPECT_THAT(attempt, HasSubstr("timeout     attempt    300ms   (gateway.yaml:8:1)   <- passed"));
  EXPECT_THAT(attempt, HasSubstr("setting     timeouts.attempt\n"));
  EXPECT_THAT(attempt, Not(HasSubstr("5s")));

  f.reason = base::Reason::timeout_idle;
  EXPECT_THAT(failure_story(f, now), HasSubstr("timeout     idle       60s   (default)   <- passed"));
  f.status = 101;
  EXPECT_THAT(failure_story(f, now), HasSubstr("timeout     tunnel     3600s   (default)   <- passed"));

  f.upstream = "canary";
  f.reason = base::Reason::timeout_first_byte;
  EXPECT_THAT(failure_story(f, now), HasSubstr("timeout     first_byte 5s   (default)   <- passed"));
}

TEST(FailureStory, SaysWhichFilterRefused) {
  auto f = failed();
  f.reason = base::Reason::unauthenticated;
  f.status = 401;
  f.policy_denied = "staff";
  f.upstream.clear();
  f.attempts.clear();
  auto now = surroundings();
  now.route->filters.push_back({"rate_limit", "", "gateway.yaml:10:12"});

  auto story = failure_story(f, now);

  EXPECT_THAT(story, HasSubstr("filter      request_id           passed"));
  EXPECT_THAT(story, HasSubstr("filter      staff                refused"));
  EXPECT_THAT(story, HasSubstr("filter      rate_limit           not asked"));
  EXPECT_THAT(story, Not(HasSubstr("attempt")));
}

TEST(FailureStory, SaysWhenTheConfigurationIsAnotherOneNow) {
  auto now = surroundings();
  now.config_hash = "beef";
  now.route.reset();

  auto story = failure_story(failed(), now);

  EXPECT_THAT(story, HasSubstr("route       orders   (not in the configuration in force)"));
  EXPECT_THAT(story, HasSubstr("config      00ff then, beef now"));
}

TEST(FailureStory, SaysThatNobodyCouldBeAsked) {
  auto f = failed();
  f.reason = base::Reason::no_healthy_upstream;
  f.attempts.clear();

  EXPECT_THAT(failure_story(f, surroundings()), HasSubstr("attempts    none: there was no target"));
}

TEST(FailureStory, LeavesTheUpstreamsOwnFailureToIt) {
  auto f = failed();
  f.reason = base::Reason::none;
  f.source = observe::Source::upstream;
  f.status = 500;

  auto story = failure_story(f, surroundings());

  EXPECT_THAT(story, HasSubstr("answer      500 from the upstream"));
  EXPECT_THAT(story, HasSubstr("its own log says why"));
  EXPECT_THAT(story, Not(HasSubstr("more ")));
}

TEST(FailureStory, CannotSteerATerminal) {
  auto f = failed();
  f.path = "/\x1b[2J";
  f.request_id = "a\nroute   forged";

  auto story = failure_story(f, surroundings());

  EXPECT_THAT(story, Not(HasSubstr("\x1b")));
  EXPECT_THAT(story, HasSubstr("a\\nroute"));
}

}  // namespace
}  // namespace sluice::admin::failure_story_test
