// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/kept_targets.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "gateway/base/log.h"

#include "tests/support/temporary_directory.h"

namespace sluice::server::kept_targets_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Pair;

class KeptTargetsTest : public testing::Test {
 protected:
  KeptTargetsTest() {
    base::set_log_sink([this](base::Level, std::string_view line) { log_ += std::string(line) + "\n"; });
  }
  ~KeptTargetsTest() override { base::set_log_sink(nullptr); }
  std::string state() const { return directory_ / "state"; }
  std::string file() const { return directory_ / "state/targets"; }

  std::string log_;
  test::TemporaryDirectory directory_;
};

TEST_F(KeptTargetsTest, AreThereAfterARestart) {
  {
    KeptTargets first;
    first.keep_in(state());
    ASSERT_TRUE(first.put("orders", "[\n\t\"http://a:80\"]"));
    ASSERT_TRUE(first.put("users", "[http://b:80]"));
    ASSERT_TRUE(first.forget("users"));
    ASSERT_TRUE(first.forget("nobody"));
  }

  KeptTargets second;
  second.keep_in(state());

  EXPECT_THAT(second.lists(), ElementsAre(Pair("orders", "[\n\t\"http://a:80\"]")));
  EXPECT_EQ(log_, "");
}

TEST_F(KeptTargetsTest, AreNoneWithoutAPlace) {
  KeptTargets kept;
  kept.keep_in("");

  EXPECT_FALSE(kept.has_place());
  EXPECT_FALSE(kept.put("orders", "[http://a:80]"));
  EXPECT_EQ(kept.find("orders"), nullptr);
}

TEST_F(KeptTargetsTest, OfADamagedFileCountAsFarAsTheyAreGood) {
  {
    KeptTargets first;
    first.keep_in(state());
    ASSERT_TRUE(first.put("orders", "[http://a:80]"));
  }
  std::ofstream(file(), std::ios::app) << "0123456789abcdef users\t[http://b:80]\n";

  KeptTargets second;
  second.keep_in(state());

  EXPECT_THAT(second.lists(), ElementsAre(Pair("orders", "[http://a:80]")));
  EXPECT_THAT(log_, HasSubstr("state/targets is damaged (1 lines, the first one is line 3): it is kept as "));
  EXPECT_TRUE(std::filesystem::exists(file() + ".damaged-1"));
  EXPECT_TRUE(second.put("users", "[http://b:80]"));
}

TEST_F(KeptTargetsTest, OfAFileOfSomethingElseAreNone) {
  std::filesystem::create_directory(state());
  std::ofstream(file()) << "something else\n";

  KeptTargets kept;
  kept.keep_in(state());

  EXPECT_THAT(kept.lists(), IsEmpty());
  EXPECT_THAT(log_, HasSubstr("is damaged"));
  EXPECT_TRUE(kept.has_place());
}

TEST_F(KeptTargetsTest, ThatCannotBeReadKeepNobodyFromStarting) {
  std::filesystem::create_directories(file());

  KeptTargets kept;
  kept.keep_in(state());

  EXPECT_THAT(kept.lists(), IsEmpty());
  EXPECT_FALSE(kept.has_place());
  EXPECT_THAT(log_, HasSubstr("targets that were persisted are not used, and none can be: "));
}

TEST_F(KeptTargetsTest, GoWithTheirUpstreams) {
  KeptTargets kept;
  kept.keep_in(state());
  ASSERT_TRUE(kept.put("orders", "[http://a:80]"));
  ASSERT_TRUE(kept.put("users", "[http://b:80]"));

  kept.keep_only([](std::string_view upstream) { return upstream == "users"; });

  EXPECT_THAT(kept.lists(), ElementsAre(Pair("users", "[http://b:80]")));
  EXPECT_THAT(log_, HasSubstr("upstream orders is not configured any more"));
}

TEST_F(KeptTargetsTest, AreLeftToAnotherProcessUntilItGivesThemBack) {
  KeptTargets old;
  old.keep_in(state());
  ASSERT_TRUE(old.put("orders", "[http://a:80]"));
  old.let_go();
  old.keep_in(state());
  EXPECT_FALSE(old.has_place());
  {
    KeptTargets fresh;
    fresh.keep_in(state());
    EXPECT_THAT(fresh.lists(), ElementsAre(Pair("orders", "[http://a:80]")));
  }

  old.take_back();

  EXPECT_TRUE(old.put("users", "[http://b:80]"));
}

}  // namespace
}  // namespace sluice::server::kept_targets_test
