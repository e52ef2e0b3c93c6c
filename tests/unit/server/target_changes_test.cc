// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/target_changes.h"

#include <gmock/gmock.h>

#include "tests/support/fake_resolver.h"

namespace sluice::server::target_changes_test {
namespace {

using testing::HasSubstr;

// The upstream `orders` of one process, with two targets.
class Process {
 public:
  Process() {
    upstream::UpstreamConfig config;
    config.targets = {{{"10.0.0.1", 80}, 1}, {{"10.0.0.2", 80}, 1}};
    upstreams_.push_back(
        std::make_shared<upstream::Upstream>("orders", config, upstream::DefaultsConfig{}, targets_));
  }
  upstream::Target& target(std::size_t i) { return *upstreams_.front()->shown().at(i).target; }
  Upstreams upstreams() const { return upstreams_; }

 private:
  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  test::FakeResolver names_;
  upstream::TargetTable targets_{{&loop_}, &names_.resolver()};
  std::vector<std::shared_ptr<upstream::Upstream>> upstreams_;
};

TEST(TargetChanges, AreSaidAgainOfTheSameTargets) {
  Process old, fresh;
  old.target(0).drain(true);
  old.target(1).set_weight(7);

  apply_target_changes(write_target_changes(old.upstreams()), fresh.upstreams());

  EXPECT_TRUE(fresh.target(0).drained());
  EXPECT_EQ(fresh.target(0).weight(), std::nullopt);
  EXPECT_FALSE(fresh.target(1).drained());
  EXPECT_EQ(fresh.target(1).weight(), 7u);
}

TEST(TargetChanges, AreNoneWhereNothingWasSaid) {
  Process old;
  EXPECT_EQ(write_target_changes(old.upstreams()), write_target_changes({}));
}

TEST(TargetChanges, OfTargetsThatAreNotThereAreForgottenAndTheLogSaysSo) {
  Process old;
  old.target(1).drain(true);
  testing::internal::CaptureStderr();

  apply_target_changes(write_target_changes(old.upstreams()), {});

  EXPECT_THAT(testing::internal::GetCapturedStderr(),
              HasSubstr("upstream orders has no target 10.0.0.2:80 any more"));
}

}  // namespace
}  // namespace sluice::server::target_changes_test
