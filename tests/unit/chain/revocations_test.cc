// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/revocations.h"

#include <gmock/gmock.h>

namespace sluice::chain::revocations_test {
namespace {

using namespace std::chrono_literals;

constexpr base::WallTime kNow{1'800'000'000s};

Revocation token(std::string jti, base::WallTime until = kNow + 1h) {
  return {"i", std::move(jti), {}, {}, until};
}
Revocation older(std::string sub, base::WallTime before = kNow) {
  return {"i", {}, std::move(sub), before, kNow + 1h};
}

bool revoked(const Revocations& list, TokenFacts token) { return list.revoked(0, token); }

TEST(Revocations, AreNoneAtFirst) {
  Revocations list;
  EXPECT_FALSE(revoked(list, {"i", "j", "s", kNow}));
  EXPECT_EQ(list.size(), 0u);
}

TEST(Revocations, OfATokenAreThatTokenAlone) {
  Revocations list;
  EXPECT_TRUE(list.revoke(token("j"), kNow));
  EXPECT_TRUE(revoked(list, {"i", "j", "s", kNow}));
  EXPECT_FALSE(revoked(list, {"i", "k", "s", kNow}));
  EXPECT_FALSE(revoked(list, {"other", "j", "s", kNow}));
  EXPECT_FALSE(revoked(list, {"i", "", "j", kNow}));
  EXPECT_FALSE(revoked(list, {"", "ij", "", kNow}));
}

TEST(Revocations, OfASubjectAreItsOlderTokens) {
  Revocations list;
  list.revoke(older("s"), kNow);
  EXPECT_TRUE(revoked(list, {"i", "j", "s", kNow - 1s}));
  EXPECT_TRUE(revoked(list, {"i", "j", "s", {}})) << "no iat";
  EXPECT_FALSE(revoked(list, {"i", "j", "s", kNow}));
  EXPECT_FALSE(revoked(list, {"i", "j", "t", kNow - 1s}));

  list.revoke(older("s", kNow - 1h), kNow);
  EXPECT_TRUE(revoked(list, {"i", "j", "s", kNow - 1s})) << "an earlier moment takes nothing back";
  EXPECT_EQ(list.size(), 1u);
}

TEST(Revocations, OfAnIssuerAreAllItsOlderTokens) {
  Revocations list;
  list.revoke(older(""), kNow);
  EXPECT_TRUE(revoked(list, {"i", "", "", kNow - 1s}));
  EXPECT_FALSE(revoked(list, {"i", "", "", kNow}));
  EXPECT_FALSE(revoked(list, {"o", "", "", kNow - 1s}));
}

TEST(Revocations, ForgetWhatIsOver) {
  Revocations list;
  for (int i = 0; i < 1024; ++i) list.revoke(token(std::to_string(i)), kNow);
  list.revoke(token("last", kNow + 30h), kNow + 25h);
  EXPECT_EQ(list.size(), 1u);
  EXPECT_FALSE(revoked(list, {"i", "7", "", kNow}));
  EXPECT_TRUE(revoked(list, {"i", "last", "", kNow}));
}

TEST(Revocations, AreInForceWhenTheClockWasSetForwardAndBack) {
  Revocations list;
  for (int i = 0; i < 1024; ++i) list.revoke(token(std::to_string(i)), kNow);
  list.revoke(token("ahead", kNow + 6h), kNow + 5h);
  EXPECT_TRUE(revoked(list, {"i", "7", "", kNow}));

  Revocations other;
  EXPECT_TRUE(other.restore(list.all(kNow + 5h), kNow + 5h));
  EXPECT_EQ(other.size(), 1025u);
  EXPECT_TRUE(revoked(other, {"i", "7", "", kNow}));
}

TEST(Revocations, ForgetWhatIsOverAtOnceWhereItIsMuch) {
  Revocations list;
  constexpr int kMany = 64 * 1024;  // doubled often enough for a look
  static_assert(kMany > Revocations::kFew);
  for (int i = 0; i < kMany; ++i) list.revoke(token(std::to_string(i)), kNow);
  list.revoke(token("last", kNow + 3h), kNow + 2h);
  EXPECT_EQ(list.size(), 1u);
}

TEST(Revocations, ReachTheWorkersByTheirLoops) {
  base::VirtualClock clock;
  net::Loop first(clock), second(clock);
  Revocations list({&first, &second});
  list.revoke(token("j"), kNow);
  EXPECT_FALSE(list.revoked(1, {"i", "j", "", kNow}));

  second.run_once(base::Duration{});
  EXPECT_TRUE(list.revoked(1, {"i", "j", "", kNow}));
  EXPECT_FALSE(list.revoked(0, {"i", "j", "", kNow}));
}

TEST(Revocations, AreListedAndRestored) {
  Revocations list;
  const Revocation of_subject = older("s"), of_token = token("j"), of_all{"1:i", "", "", kNow, kNow + 2h};
  for (const auto& r : {of_subject, of_token, of_all}) list.revoke(r, kNow);
  list.revoke(token("over", kNow + 1s - Revocations::kLonger), kNow);

  auto all = list.all(kNow + 1s);
  EXPECT_THAT(all, testing::UnorderedElementsAre(of_subject, of_token, of_all));

  Revocations other;
  EXPECT_TRUE(other.restore(all, kNow + 1h + Revocations::kLonger));
  EXPECT_EQ(other.size(), 1u) << "the others are over by then";
  EXPECT_TRUE(revoked(other, {"1:i", "", "", kNow - 1s}));
  EXPECT_FALSE(revoked(other, {"i", "j", "", kNow}));
}

TEST(Revocations, AreRestoredOnEveryWorker) {
  base::VirtualClock clock;
  net::Loop first(clock), second(clock);
  Revocations list({&first, &second});

  EXPECT_TRUE(list.restore({token("j"), token("k")}, kNow));
  second.run_once(base::Duration{});

  EXPECT_TRUE(list.revoked(1, {"i", "j", "", kNow}));
  EXPECT_TRUE(list.revoked(1, {"i", "k", "", kNow}));
}

}  // namespace
}  // namespace sluice::chain::revocations_test
