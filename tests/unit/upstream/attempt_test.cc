// SPDX-License-Identifier: Apache-2.0
// What the upstream makes of how attempts go is in protection_test.cc.
#include "gateway/upstream/attempt.h"

#include <gtest/gtest.h>

#include <optional>

#include "gateway/upstream/upstream.h"

#include "tests/unit/observe/scraped.h"

namespace sluice::upstream::attempt_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using observe::Family;

class AttemptTest : public testing::Test {
 protected:
  AttemptTest() {
    UpstreamConfig config;
    config.targets = {{{"10.0.0.1", 80}, 1}, {{"10.0.0.2", 80}, 1}};
    config.outlier.failures = 2;
    upstream_.emplace("orders", config, DefaultsConfig{}, table_);
    upstream_->count_with(std::make_shared<observe::UpstreamMetrics>(store_, "orders"));
    attempt_.emplace(target(), *upstream_, 0, loop_);
  }
  Target& target() { return *upstream_->targets()[0]; }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  TargetTable table_{{&loop_}, nullptr};
  observe::SeriesStore store_{observe::MetricsOptions{}};
  std::optional<Upstream> upstream_;
  std::optional<AttemptInFlight> attempt_;
};

TEST_F(AttemptTest, IsActiveAtItsTargetWhileItLives) {
  EXPECT_EQ(target().active(), 1u);
  attempt_.reset();
  EXPECT_EQ(target().active(), 0u);
}

TEST_F(AttemptTest, IsOneAttemptStillOnceItWasMoved) {
  attempt_->answered(200, clock_.steady());
  {
    AttemptInFlight moved(std::move(*attempt_));
    attempt_.reset();
    EXPECT_EQ(target().active(), 1u);
  }

  EXPECT_EQ(target().active(), 0u);
  EXPECT_EQ(observe::counter(store_, Family::sluice_upstream_requests_total,
                             {{"upstream", "orders"}, {"code_class", "2xx"}}),
            1);
}

TEST_F(AttemptTest, IsCountedWhenItEnds) {
  attempt_->answered(200, clock_.steady());
  clock_.advance(5ms);
  attempt_.reset();

  EXPECT_EQ(observe::counter(store_, Family::sluice_upstream_requests_total,
                             {{"upstream", "orders"}, {"code_class", "2xx"}}),
            1);
}

TEST_F(AttemptTest, BlamesItsTargetOnce) {
  attempt_->answered(503, clock_.steady());
  attempt_->failed(Reason::upstream_reset);
  EXPECT_TRUE(target().usable());

  attempt_.emplace(target(), *upstream_, 0, loop_);
  attempt_->failed(Reason::upstream_reset);

  EXPECT_FALSE(target().usable());
}

TEST_F(AttemptTest, BlamesItsTargetForWhatAnAnswerSaysBesideItsStatus) {
  for (int i = 0; i < 2; ++i) {
    attempt_.emplace(target(), *upstream_, 0, loop_);
    attempt_->answered(200, clock_.steady(), "grpc-status 14");
  }
  EXPECT_EQ(target().why_unusable().detail,
            "10.0.0.1:80 is out of service: 2 failures in a row, the last one with grpc-status 14");
}

TEST_F(AttemptTest, BlamesNoTargetThatIsSilentAfterItsAnswerOrEndsATunnel) {
  for (int i = 0; i < 3; ++i) {
    attempt_.emplace(target(), *upstream_, 0, loop_);
    attempt_->answered(i == 0 ? 200 : 101, clock_.steady());
    attempt_->failed(i == 2 ? Reason::upstream_reset : Reason::timeout_idle);
  }
  for (int i = 0; i < 25; ++i) {
    attempt_.emplace(target(), *upstream_, 0, loop_);
    attempt_->answered(200, clock_.steady());
    attempt_->failed(Reason::timeout_idle);
  }
  EXPECT_TRUE(target().usable());
}

TEST_F(AttemptTest, IsARetryAsLongAsItLives) {
  BudgetConfig one{config::Percent{0}, 1};
  attempt_->retrying(upstream_->protection().retry(one, upstream_->targets()));
  EXPECT_FALSE(upstream_->protection().retry(one, upstream_->targets()));

  attempt_.reset();

  EXPECT_TRUE(upstream_->protection().retry(one, upstream_->targets()));
}

TEST_F(AttemptTest, IsNoRetryAnyMoreOnceItIsAnswered) {
  BudgetConfig one{config::Percent{0}, 1};
  for (int status : {200, 101, 503}) {
    attempt_.emplace(target(), *upstream_, 0, loop_);
    attempt_->retrying(upstream_->protection().retry(one, upstream_->targets()));
    EXPECT_FALSE(upstream_->protection().retry(one, upstream_->targets())) << status;

    attempt_->answered(status, clock_.steady());

    EXPECT_TRUE(upstream_->protection().retry(one, upstream_->targets())) << status;
  }
}

}  // namespace
}  // namespace sluice::upstream::attempt_test
