// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/overhead.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::front::overhead_test {
namespace {

using namespace std::chrono_literals;

// An exchange that began at zero and ended after ten seconds.
struct OverheadTest : testing::Test {
  OverheadTest() { fake.stream.begun_at = at(0s); }
  static base::SteadyTime at(base::Duration since) { return base::SteadyTime(1000s) + since; }
  chain::Attempt* attempt(base::Duration took) {
    auto* a = fake.ex.arena.make<chain::Attempt>();
    a->took = took;
    a->before = fake.ex.upstream.attempts;
    fake.ex.upstream.attempts = a;
    return a;
  }
  // The last attempt has got an answer.
  void answered(base::Duration asked, base::Duration connect, base::Duration answer) {
    up.asked = at(asked);
    up.connect = connect;
    up.answered = at(answer);
    fake.ex.sent_at_once = true;
  }
  base::Duration spent() { return overhead(fake.ex, at(10s)); }

  test::FakeExchange fake;
  chain::UpstreamView& up = fake.ex.upstream;
};

TEST_F(OverheadTest, IsAllOfWhatTheGatewayAnswersItself) { EXPECT_EQ(spent(), 10s); }

TEST_F(OverheadTest, IsWhatComesBeforeTheRequestIsSentAndAfterItsAnswer) {
  attempt(8s);
  answered(2s, 1500ms, 9s);

  EXPECT_EQ(spent(), 500ms + 1s);
  fake.ex.sent_at_once = false;
  EXPECT_EQ(spent(), 500ms) << "the client was waited for";
}

TEST_F(OverheadTest, HasNoAttemptThatFailedBeforeAndNoPause) {
  attempt(3s);
  attempt(1s);
  up.waited = 2s;  // between them
  attempt(3s);
  answered(7s, 0s, 9s);

  EXPECT_EQ(spent(), 1s + 1s);
}

TEST_F(OverheadTest, HasNoTimeInTheQueue) {
  up.queued = 4s;
  attempt(5s);
  answered(5s, 0s, 10s);

  EXPECT_EQ(spent(), 1s);
}

TEST_F(OverheadTest, HasNoTimeInAQueueThatLedNowhere) {
  up.queued = 9s;

  EXPECT_EQ(spent(), 1s);
}

TEST_F(OverheadTest, HasNoAttemptThatFailed) {
  attempt(3s);
  up.asked = at(1s);  // of the first one: the second one did not come so far
  attempt(5s);
  fake.ex.sent_at_once = true;

  EXPECT_EQ(spent(), 2s);
}

TEST_F(OverheadTest, CountsAttemptsBesideEachOtherOnce) {
  attempt(7s);
  attempt(4s)->beside = true;
  answered(1s, 0s, 8s);
  EXPECT_EQ(spent(), 1s + 2s);

  up.answered = {};
  EXPECT_EQ(spent(), 3s) << "of which both have failed";
}

TEST_F(OverheadTest, OfACompositionIsWhatItSaysItself) {
  up.asked = at(3s);
  up.waited = 1s;  // a filter has asked a service before

  EXPECT_EQ(spent(), 2s);
}

TEST_F(OverheadTest, IsNeverNegative) {
  attempt(1s);
  up.waited = 5s;
  answered(1s, 0s, 10s);

  EXPECT_EQ(spent(), 0s);
}

}  // namespace
}  // namespace sluice::front::overhead_test
