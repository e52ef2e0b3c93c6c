// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/said_targets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/fake_resolver.h"
#include "tests/support/temporary_directory.h"

namespace sluice::server::said_targets_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using Kind = admin::TargetsTold::Kind;

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
  bool put(const std::string& body, bool persist = false) {
    return said_.put(*upstream_, targets_, body, persist).kind == Kind::done;
  }
  bool forget(SaidTargets& said) { return said.forget(*upstream_).kind == Kind::done; }
  bool forget() { return forget(said_); }
  std::string state() const { return directory_ / "state"; }
  static bool is_configured(std::string_view upstream) { return upstream == "orders"; }
  // What another process makes of the same configuration.
  void restart() {
    said_ = SaidTargets();
    upstream::UpstreamConfig config;
    config.targets = {{{"10.0.0.1", 80}, 2}};
    upstream_ = std::make_shared<upstream::Upstream>("orders", config, upstream::DefaultsConfig{}, targets_);
    said_.keep_in(state());
    said_.restore(std::vector{upstream_}, targets_);
  }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  test::FakeResolver names_;
  upstream::TargetTable targets_{{&loop_}, &names_.resolver()};
  std::shared_ptr<upstream::Upstream> upstream_;
  test::TemporaryDirectory directory_;
  SaidTargets said_;
};

TEST_F(SaidTargetsTest, TakeThePlaceOfTheConfigurationsUntilTheyAreForgotten) {
  ASSERT_TRUE(put("[http://10.0.0.2:80]"));
  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80"));

  EXPECT_TRUE(forget());
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
  EXPECT_FALSE(forget());
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

  said_.apply(std::vector{upstream_}, is_configured);

  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80"));
}

TEST_F(SaidTargetsTest, GoOverToAnotherProcess) {
  ASSERT_TRUE(put("[http://10.0.0.2:80,\n\thttp://10.0.0.3:80]"));
  std::string text = said_.text();
  said_.forget(*upstream_);
  SaidTargets other;

  other.take_over(text, std::vector{upstream_}, targets_);

  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80", "10.0.0.3:80"));
  EXPECT_TRUE(forget(other));
}

TEST_F(SaidTargetsTest, OfUpstreamsThatAreNotInUseAreForgotten) {
  ASSERT_TRUE(put("[http://10.0.0.2:80]"));
  SaidTargets other;

  other.take_over(said_.text(), {}, targets_);
  other.take_over("", std::vector{upstream_}, targets_);

  EXPECT_FALSE(forget(other));
}

TEST_F(SaidTargetsTest, ArePersistedOverARestartIfThatIsAsked) {
  said_.keep_in(state());
  ASSERT_TRUE(put("[http://10.0.0.2:80]", true));
  EXPECT_TRUE(said_.told("orders").persisted);

  restart();

  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80"));
  EXPECT_TRUE(said_.told("orders").said);
  EXPECT_TRUE(said_.told("orders").persisted);
}

TEST_F(SaidTargetsTest, AreNotPersistedUnlessThatIsAsked) {
  said_.keep_in(state());
  ASSERT_TRUE(put("[http://10.0.0.2:80]"));

  restart();

  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
  EXPECT_FALSE(said_.told("orders").said);
}

TEST_F(SaidTargetsTest, OfAPassingListLeaveThePersistedOneForTheNextStart) {
  said_.keep_in(state());
  ASSERT_TRUE(put("[http://10.0.0.2:80]", true));
  ASSERT_TRUE(put("[http://10.0.0.3:80]"));
  EXPECT_THAT(texts(), ElementsAre("10.0.0.3:80"));
  EXPECT_FALSE(said_.told("orders").persisted);
  EXPECT_TRUE(said_.told("orders").others);

  restart();

  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80"));
}

TEST_F(SaidTargetsTest, ThatWereTakenBackAreNotPersistedAnyMore) {
  said_.keep_in(state());
  ASSERT_TRUE(put("[http://10.0.0.2:80]", true));
  EXPECT_TRUE(forget());

  restart();

  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
  EXPECT_FALSE(forget());
}

TEST_F(SaidTargetsTest, ChangeNothingWhereTheyCannotBePersisted) {
  EXPECT_EQ(said_.put(*upstream_, targets_, "[http://10.0.0.2:80]", true).kind, Kind::no_place);
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));

  said_.keep_in(state());
  std::filesystem::create_directory(directory_ / "state/targets.new");  // where the file is to be written
  EXPECT_EQ(said_.put(*upstream_, targets_, "[http://10.0.0.2:80]", true).kind, Kind::not_persisted);
  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
}

TEST_F(SaidTargetsTest, ThatCannotBeUsedAnyMoreLeaveThoseOfTheConfiguration) {
  said_.keep_in(state());
  upstream_->speak_tls(std::make_shared<const upstream::TargetTls>());
  ASSERT_TRUE(put("[https://10.0.0.2:443]", true));

  restart();  // without settings of TLS

  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
  EXPECT_TRUE(forget()) << "they are persisted still";
}

TEST_F(SaidTargetsTest, ThatArePersistedGoWithTheirUpstream) {
  said_.keep_in(state());
  ASSERT_TRUE(put("[http://10.0.0.2:80]", true));

  said_.apply({}, [](std::string_view) { return false; });
  restart();

  EXPECT_THAT(texts(), ElementsAre("10.0.0.1:80"));
}

TEST_F(SaidTargetsTest, StayWhileTheirUpstreamIsConfiguredAndNotUsed) {
  said_.keep_in(state());
  ASSERT_TRUE(put("[http://10.0.0.2:80]", true));

  said_.apply({}, is_configured);

  EXPECT_TRUE(said_.told("orders").said);
  restart();
  EXPECT_THAT(texts(), ElementsAre("10.0.0.2:80"));
}

}  // namespace
}  // namespace sluice::server::said_targets_test
