// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/target_changes.h"

#include <gtest/gtest.h>

#include "tests/support/fake_resolver.h"

namespace sluice::server::target_changes_test {
namespace {

// The upstream `orders` of one process, with two targets.
class Process {
 public:
  Process() {
    upstream::UpstreamConfig config;
    config.targets = {{{"10.0.0.1", 80}, 1}, {{"10.0.0.2", 80}, 1}};
    upstreams_.push_back(
        std::make_shared<upstream::Upstream>("orders", config, upstream::DefaultsConfig{}, targets_));
  }
  std::shared_ptr<upstream::Target> target(std::size_t i) { return upstreams_.front()->shown().at(i).target; }
  Upstreams upstreams() const { return upstreams_; }
  upstream::SaidOfTargets& said() { return targets_.said(); }
  upstream::TargetTable& targets() { return targets_; }

 private:
  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  test::FakeResolver names_;
  upstream::TargetTable targets_{{&loop_}, &names_.resolver()};
  std::vector<std::shared_ptr<upstream::Upstream>> upstreams_;
};

TEST(TargetChanges, AreSaidAgainOfTheSameTargets) {
  Process old, fresh;
  old.said().say(old.target(0), {{}, true});
  old.said().say(old.target(1), {7, false});

  apply_target_changes(write_target_changes(old.said()), fresh.upstreams(), fresh.said());

  EXPECT_TRUE(fresh.target(0)->drained());
  EXPECT_EQ(fresh.target(0)->weight(), std::nullopt);
  EXPECT_FALSE(fresh.target(1)->drained());
  EXPECT_EQ(fresh.target(1)->weight(), 7u);
}

TEST(TargetChanges, AreNoneWhereNothingWasSaid) {
  Process old;
  EXPECT_EQ(write_target_changes(old.said()), write_target_changes({}));
}

TEST(TargetChanges, HoldForTargetsThatComeLater) {
  Process old, fresh;
  old.said().say("orders", "10.0.0.3:80", {{}, true});

  apply_target_changes(write_target_changes(old.said()), fresh.upstreams(), fresh.said());

  auto& table = fresh.targets();
  EXPECT_TRUE(table.target(table.group("orders"), {"10.0.0.3", 80})->drained());
}

}  // namespace
}  // namespace sluice::server::target_changes_test
