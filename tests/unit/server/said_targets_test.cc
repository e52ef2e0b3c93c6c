// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/said_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_resolver.h"

namespace sluice::server {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

class SaidTargetsTest : public testing::Test {
 protected:
  SaidTargetsTest() {
    upstream::UpstreamConfig config;
    config.targets = {{{"10.0.0.1", 80}, 2}};
    upstream_ = std::make_shared<upstream::Upstream>("orders", config, upstream::DefaultsConfig{}, targets_);
  }
  std::vector<std::string> texts() const {
    std::vector<std::string> out;
    for (const auto& t : upstream_->targets()) out.push_back(t->text());
    return out;
  }
  bool put(const std::string& body) { return bool(said_.put(*upstream_, targets_, body)); }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  test::FakeResolver names_;
  upstream::TargetTable targets_{{&loop_}, &names_.resolver()};
  std::shared_ptr<upstream::Upstream> upstream_;
  SaidTargets said_;
};

TEST_F(SaidTargetsTest, TakeThePlaceOfTheConfigurationsUntilTheyAreForgotten) {
  ASSERT_TRUE(put("[http://10.0.0.2:80]"));
  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80"));

  EXPECT_TRUE(said_.forget(*upstream_));
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
  EXPECT_FALSE(said_.forget(*upstream_));
}

TEST_F(SaidTargetsTest, LetTheConfigurationsServeUntilNamesHaveAnAnswer) {
  ASSERT_TRUE(put("[http://a:80]"));
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
  EXPECT_NE(upstream_->pick(0, {}), nullptr);

  names_.lookup().resolves("a", {"10.0.0.3"}, 1s);
  names_.pass(40s);

  EXPECT_THAT(texts(), ElementsAre("a:80 (10.0.0.3)"));
}

TEST_F(SaidTargetsTest, LetTheConfigurationsServeWhileNamesCannotBeFoundAtAll) {
  names_.lookup().fails("a", "timeout");

  ASSERT_TRUE(put("[http://a:80]"));
  names_.pass(40s);

  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
}

TEST_F(SaidTargetsTest, LetNothingOfAnEarlierListComeBack) {
  ASSERT_TRUE(put("[http://10.0.0.2:80]"));
  said_.forget(*upstream_);

  ASSERT_TRUE(put("[http://a:80]"));

  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
}

TEST_F(SaidTargetsTest, ChangeNothingWhenTheListIsWrongOrEmpty) {
  EXPECT_FALSE(put("[10.0.0.2:80"));
  EXPECT_FALSE(put("[]"));
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
}

TEST_F(SaidTargetsTest, OutliveTheSnapshot) {
  ASSERT_TRUE(put("[http://10.0.0.2:80]"));
  upstream::UpstreamConfig config;
  config.targets = {{{"10.0.0.9", 80}, 1}};
  upstream_ = std::make_shared<upstream::Upstream>("orders", config, upstream::DefaultsConfig{}, targets_);

  said_.apply(std::vector{upstream_});

  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80"));
}

TEST_F(SaidTargetsTest, GoOverToAnotherProcess) {
  ASSERT_TRUE(put("[http://10.0.0.2:80,\n\thttp://10.0.0.3:80]"));
  std::string text = said_.text();
  said_.forget(*upstream_);
  SaidTargets other;

  other.take_over(text, std::vector{upstream_}, targets_);

  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80", "10.0.0.3:80"));
  EXPECT_TRUE(other.forget(*upstream_));
}

TEST_F(SaidTargetsTest, OfUpstreamsThatAreNotInUseAreForgotten) {
  ASSERT_TRUE(put("[http://10.0.0.2:80]"));
  SaidTargets other;

  other.take_over(said_.text(), {}, targets_);
  other.take_over("", std::vector{upstream_}, targets_);

  EXPECT_FALSE(other.forget(*upstream_));
}

}  // namespace
}  // namespace sluice::server
