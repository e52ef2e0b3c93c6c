// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/ended.h"

#include <gtest/gtest.h>

namespace sluice::oidc::ended_test {
namespace {

using namespace std::chrono_literals;
using base::WallTime;

constexpr WallTime at(std::chrono::seconds s) { return WallTime(s); }

TEST(Ended, AreTheSessionsOfASid) {
  Ended ended;
  EXPECT_FALSE(ended.has_ended({"idp web", "s1", "alice"}, at(5s)));

  EXPECT_TRUE(ended.end({"idp web", "s1", ""}, at(10s), at(100s)));

  EXPECT_TRUE(ended.has_ended({"idp web", "s1", "alice"}, at(5s)));
  EXPECT_FALSE(ended.has_ended({"idp web", "s2", "alice"}, at(5s)));
  EXPECT_FALSE(ended.has_ended({"idp web", "", "alice"}, at(5s)));
  EXPECT_FALSE(ended.has_ended({"idp other", "s1", "alice"}, at(5s)));
  EXPECT_FALSE(ended.has_ended({"idp web", "x", "s1"}, at(5s))) << "a subject is no session";
}

TEST(Ended, AreAllOfASubjectThatWereBegunBefore) {
  Ended ended;
  EXPECT_TRUE(ended.end({"idp web", "", "alice"}, at(10s), at(100s)));

  EXPECT_TRUE(ended.has_ended({"idp web", "s1", "alice"}, at(10s)));
  EXPECT_TRUE(ended.has_ended({"idp web", "", "alice"}, at(1s)));
  EXPECT_FALSE(ended.has_ended({"idp web", "s1", "alice"}, at(11s))) << "who has logged in again";
  EXPECT_FALSE(ended.has_ended({"idp web", "s1", "bob"}, at(1s)));
}

TEST(Ended, AreForgottenWhenTheyWouldBeOverAnyway) {
  Ended ended;
  for (std::size_t i = 0; i < Ended::kMost; ++i)
    ASSERT_TRUE(ended.end({"w", "s" + std::to_string(i), ""}, at(10s), at(100s)));

  EXPECT_FALSE(ended.end({"w", "more", ""}, at(50s), at(200s))) << "there are too many";
  EXPECT_TRUE(ended.end({"w", "s0", ""}, at(50s), at(200s))) << "the same once more";
  EXPECT_TRUE(ended.end({"w", "more", ""}, at(110s), at(200s)));
  EXPECT_FALSE(ended.has_ended({"w", "s1", ""}, at(1s)));
  EXPECT_TRUE(ended.has_ended({"w", "s0", ""}, at(1s)));
}

TEST(Ended, LeaveASessionThatBeginsAfterTheClockWasSetBack) {
  Ended ended;
  EXPECT_TRUE(ended.end({"w", "", "alice"}, at(5h) + 300ms, at(17h)));
  EXPECT_TRUE(ended.end({"w", "s1", ""}, at(6h), at(18h)));

  for (auto now : {at(1h), at(5h) + 700ms, at(9h)}) {
    auto start = std::chrono::floor<std::chrono::seconds>(ended.start_of({"w", "s2", "alice"}, now));
    EXPECT_FALSE(ended.has_ended({"w", "s2", "alice"}, start));
  }
  EXPECT_EQ(ended.start_of({"w", "s1", "alice"}, at(1h)), at(6h) + 1s);
  EXPECT_EQ(ended.start_of({"w", "s2", "bob"}, at(1h)), at(1h));
  EXPECT_TRUE(ended.has_ended({"w", "s2", "alice"}, at(1h))) << "one that was there before";
}

TEST(Ended, AreThoseThatBeganWhileTheClockWasAhead) {
  Ended ended;
  const Ended::Which of_alice{"w", "s1", "alice"};
  auto first = ended.start_of(of_alice, at(7h));
  EXPECT_EQ(first, at(7h));

  EXPECT_TRUE(ended.end({"w", "", "alice"}, at(1h), at(13h)));
  EXPECT_TRUE(ended.has_ended(of_alice, first));

  auto second = ended.start_of(of_alice, at(1h));
  EXPECT_FALSE(ended.has_ended(of_alice, second));
  EXPECT_TRUE(ended.end({"w", "", "alice"}, at(2h), at(14h)));
  EXPECT_TRUE(ended.has_ended(of_alice, second));
}

TEST(Ended, AreKnownWhenTheClockWasSetForwardAndBack) {
  Ended ended;
  EXPECT_TRUE(ended.end({"w", "s1", ""}, at(10s), at(1h)));
  EXPECT_TRUE(ended.end({"w", "s2", ""}, at(10h), at(11h)));  // where those that are over may be forgotten
  EXPECT_TRUE(ended.has_ended({"w", "s1", ""}, at(5s)));

  EXPECT_TRUE(ended.end({"w", "s3", ""}, at(25h), at(26h)));
  EXPECT_FALSE(ended.has_ended({"w", "s1", ""}, at(5s))) << "not for ever";
}

TEST(Ended, AreForgottenInTheirTimeAfterTheClockWasSetBack) {
  Ended ended;
  EXPECT_TRUE(ended.end({"w", "s1", ""}, at(1000h), at(1001h)));
  EXPECT_TRUE(ended.end({"w", "s2", ""}, at(10s), at(1h)));

  EXPECT_TRUE(ended.end({"w", "s3", ""}, at(25h), at(26h)));
  EXPECT_FALSE(ended.has_ended({"w", "s2", ""}, at(5s)));
  EXPECT_TRUE(ended.has_ended({"w", "s1", ""}, at(5s)));
}

TEST(EndedOfTheProcess, IsTheSameForAsLongAsSomebodyHoldsIt) {
  auto one = Ended::of_process();
  EXPECT_EQ(Ended::of_process(), one);
}

}  // namespace
}  // namespace sluice::oidc::ended_test
