// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/connection_life.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::front::connection_life_test {
namespace {

using namespace std::chrono_literals;
using base::Duration;

struct Connection final : http::ServerConnection {
  base::Task<void> run() override { return {}; }
  void drain() noexcept override { ++drained; }
  int drained = 0;
};

struct Service final : http::Service {
  base::Task<void> serve(http::ServerStream&) override {
    ++served;
    return {};
  }
  base::Task<void> refuse(http::ServerStream&, const base::Error&) override {
    ++refused;
    return {};
  }
  int served = 0, refused = 0;
};

TEST(Jittered, IsAtMostATenthAway) {
  EXPECT_EQ(jittered(100s, 0), 90s);
  EXPECT_EQ(jittered(100s, 1000), 100s);
  EXPECT_EQ(jittered(100s, 2000), 110s);
  for (std::uint64_t random = 0; random < 100'000; random += 7) {
    EXPECT_GE(jittered(10h, random * 0x9e3779b97f4a7c15u), 9h);
    EXPECT_LE(jittered(10h, random * 0x9e3779b97f4a7c15u), 11h);
  }
}

TEST(Jittered, OfNoAgeIsNone) { EXPECT_EQ(jittered(Duration::zero(), 77), Duration::zero()); }

class ConnectionLifeTest : public testing::Test {
 protected:
  static constexpr std::uint64_t kNoJitter = 1000;
  void begin(const LifeLimits& limits) {
    life_.emplace(limits, kNoJitter, wheel_, service_, scope_);
    life_->begin(connection_);
  }
  void pass(Duration d) {
    now_ += d;
    wheel_.observe(now_);
    wheel_.advance(now_);
  }
  void ask() { life_->serve(stream_).await_resume(); }

  base::SteadyTime now_{1000h};
  net::Wheel wheel_{now_};
  base::Scope scope_;
  Connection connection_;
  Service service_;
  test::FakeStream stream_;
  std::optional<ConnectionLife> life_;
};

TEST_F(ConnectionLifeTest, EndsAfterTheAge) {
  begin({.age = 60s});

  pass(59s);
  EXPECT_EQ(connection_.drained, 0);
  pass(2s);

  EXPECT_EQ(connection_.drained, 1);
}

TEST_F(ConnectionLifeTest, CutsNothingWithoutAGrace) {
  begin({.age = 60s});

  pass(61s);
  pass(1000h);

  EXPECT_FALSE(life_->scope().cancelled());
}

TEST_F(ConnectionLifeTest, CutsWhatGoesOnAfterTheGrace) {
  begin({.age = 60s, .grace = 10s});

  pass(61s);
  EXPECT_FALSE(life_->scope().cancelled());
  pass(11s);

  EXPECT_EQ(life_->scope().why(), base::Reason::draining);
  EXPECT_FALSE(scope_.cancelled()) << "others are unhurt";
  EXPECT_EQ(connection_.drained, 1);
}

TEST_F(ConnectionLifeTest, EndsWithTheLastRequestThatIsAllowed) {
  begin({.requests = 3});

  ask();
  ask();
  EXPECT_EQ(connection_.drained, 0);
  ask();
  EXPECT_EQ(connection_.drained, 1);
  ask();

  EXPECT_EQ(connection_.drained, 1) << "those on their way are served as well";
  EXPECT_EQ(service_.served, 4);
}

TEST_F(ConnectionLifeTest, CountsWhatIsRefused) {
  begin({.requests = 1});

  life_->refuse(stream_, {base::Reason::bad_request, ""}).await_resume();

  EXPECT_EQ(service_.refused, 1);
  EXPECT_EQ(connection_.drained, 1);
}

TEST_F(ConnectionLifeTest, GivesTheLastRequestItsGrace) {
  begin({.age = 1h, .grace = 10s, .requests = 1});

  ask();
  pass(9s);
  EXPECT_FALSE(life_->scope().cancelled());
  pass(2s);

  EXPECT_TRUE(life_->scope().cancelled());
}

TEST_F(ConnectionLifeTest, ThatIsOverBeforeItsConnectionIsThereEndsItAtOnce) {
  life_.emplace(LifeLimits{.age = 1s}, kNoJitter, wheel_, service_, scope_);
  pass(2s);

  life_->begin(connection_);

  EXPECT_EQ(connection_.drained, 1);
}

}  // namespace
}  // namespace sluice::front::connection_life_test
