// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/issuer_keys.h"

#include <gtest/gtest.h>

#include "gateway/base/job.h"

#include "tests/support/fake_stream.h"
#include "tests/support/signer.h"

namespace sluice::chain::issuer_keys_test {
namespace {

using namespace std::chrono_literals;
using base::Outcome;

class IssuerKeysTest : public testing::Test {
 protected:
  // Starts to wait; `into` is told how that ended.
  void wait(std::optional<Outcome>& into) {
    base::spawn(scope_, [](IssuerKeysTest* self, std::optional<Outcome>* out) -> base::Task<void> {
      auto asked = self->keys_->newer(self->fake_.ex, 2s);
      *out = co_await asked;
    }(this, &into));
  }
  void run() {
    loop_.run_once(0ms);
    base::run_ready();
  }

  std::shared_ptr<const jose::KeySet> set_ =
      std::make_shared<const jose::KeySet>(*jose::parse_jwks(test::Signer("EdDSA").jwks(), false));
  test::FakeExchange fake_;
  base::VirtualClock& clock_ = fake_.clock;
  net::Loop& loop_ = fake_.loop;
  base::Scope scope_;
  int wanted_ = 0;
  std::shared_ptr<jose::KeySource> source_ = std::make_shared<jose::KeySource>([this] { ++wanted_; });
  std::shared_ptr<IssuerKeys> keys_ = std::make_shared<IssuerKeys>(source_);
};

TEST_F(IssuerKeysTest, ShowTheNewSetAfterARefresh) {
  EXPECT_FALSE(keys_->refresh());
  EXPECT_EQ(keys_->keys(), nullptr);

  source_->answer(set_, true, {});

  EXPECT_TRUE(keys_->refresh());
  EXPECT_EQ(keys_->keys(), set_.get());
  EXPECT_FALSE(keys_->refresh());
}

TEST_F(IssuerKeysTest, AskOnceForAllWhoWait) {
  std::optional<Outcome> first, second;
  wait(first);
  wait(second);
  EXPECT_EQ(wanted_, 1);
  run();
  EXPECT_FALSE(first);

  source_->answer(set_, true, {});
  run();

  EXPECT_EQ(first, Outcome::ready);
  EXPECT_EQ(second, Outcome::ready);
  wait(first);
  EXPECT_EQ(wanted_, 2);
  source_->answer(set_, false, {});
  run();
}

TEST_F(IssuerKeysTest, TellOfAFailureWithoutLosingTheKeys) {
  source_->answer(set_, true, {});
  keys_->refresh();
  std::optional<Outcome> ended;
  wait(ended);

  source_->fail("does not answer", {});
  run();

  EXPECT_EQ(ended, Outcome::ready);
  EXPECT_EQ(keys_->failure(), "does not answer");
  EXPECT_EQ(keys_->keys(), set_.get());
}

// What one of them has heard of the issuer holds for all.
TEST_F(IssuerKeysTest, AreInDoubtOnAllWorkersAlike) {
  IssuerKeys other(source_);
  auto doubts = [&](std::string_view why) { return keys_->doubt() == why && other.doubt() == why; };
  EXPECT_TRUE(doubts("not fetched yet"));
  source_->answer(set_, true, {});
  EXPECT_TRUE(doubts("they have changed this moment"));
  keys_->refresh();
  other.refresh();
  EXPECT_TRUE(doubts(""));

  std::optional<Outcome> ended;
  wait(ended);
  EXPECT_TRUE(doubts("it was asked for newer ones and has not answered yet"));
  source_->fail("does not answer", {});
  run();
  EXPECT_TRUE(doubts("does not answer"));
  EXPECT_EQ(other.failure(), "does not answer");
  source_->answer(set_, false, {});
  EXPECT_TRUE(doubts(""));
}

TEST_F(IssuerKeysTest, AreWaitedForNoLongerThanPatienceLasts) {
  std::optional<Outcome> ended;
  wait(ended);
  clock_.advance(3s);
  run();
  run();

  EXPECT_EQ(ended, Outcome::timeout);
}

// Whoever has asked: the answer of an issuer is not the gateway's own time.
TEST_F(IssuerKeysTest, AreAWaitOfEachExchangeThatWaits) {
  std::optional<Outcome> first, second;
  wait(first);
  clock_.advance(1s);
  wait(second);
  clock_.advance(500ms);
  source_->answer(set_, true, {});
  run();

  ASSERT_TRUE(first && second);
  EXPECT_EQ(fake_.ex.upstream.waited, 2s);
}

TEST_F(IssuerKeysTest, MayBeGoneWhenTheAnswerComes) {
  {
    std::optional<Outcome> ended;
    wait(ended);
    scope_.cancel(base::Reason::client_closed);
    run();
    EXPECT_EQ(ended, Outcome::cancelled);
  }
  keys_.reset();

  source_->answer(set_, true, {});
  run();
}

TEST_F(IssuerKeysTest, KnowWhenAskingIsOfNoUse) {
  source_->fail("does not answer", loop_.now() + 10s);
  EXPECT_FALSE(keys_->may_ask(loop_));
}

}  // namespace
}  // namespace sluice::chain::issuer_keys_test
