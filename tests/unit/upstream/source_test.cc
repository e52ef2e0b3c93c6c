// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/source.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/log.h"
#include "gateway/upstream/source_table.h"
#include "gateway/upstream/target_table.h"

#include "tests/support/fake_resolver.h"

namespace sluice::upstream::source_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

class SourceTest : public testing::Test {
 protected:
  SourceTest() {
    base::set_log_sink([this](base::Level level, std::string_view text) {
      if (level >= base::Level::info && text.starts_with("upstream"))
        log_.push_back(std::string(name(level)) + ": " + std::string(text));
    });
  }
  ~SourceTest() override { base::set_log_sink(nullptr); }

  std::shared_ptr<Source> of(std::string host) { return table_.sources().of(group_, {std::move(host), 80}); }
  static std::vector<std::string> texts(const Source& source) {
    std::vector<std::string> out;
    for (const Member& m : *source.members()) out.push_back(m.target->text());
    return out;
  }
  void resolves(const std::string& host, const std::vector<std::string>& ips) {
    names_.lookup().resolves(host, ips, 1s);
    names_.pass(40s);
  }

  test::FakeResolver names_;
  TargetTable table_{{}, &names_.resolver()};
  std::shared_ptr<TargetGroup> group_ = table_.group("orders");
  std::vector<std::string> log_;
};

TEST_F(SourceTest, HasATargetForEachAddressOfAName) {
  auto source = of("orders");
  EXPECT_FALSE(source->answered());
  EXPECT_EQ(source->why_empty().detail, "orders: not resolved yet");
  auto version = group_->version.load();

  resolves("orders", {"10.0.0.2", "10.0.0.1", "2001:db8::1"});

  EXPECT_TRUE(source->answered());
  EXPECT_THAT(texts(*source),
              ElementsAre("orders:80 (10.0.0.1)", "orders:80 (10.0.0.2)", "orders:80 (2001:db8::1)"));
  EXPECT_EQ(source->members()->front().target->host_field(), "orders");
  EXPECT_EQ(source->members()->front().target->addresses()->front().text(), "10.0.0.1:80");
  EXPECT_GT(group_->version.load(), version);
}

TEST_F(SourceTest, KeepsTheTargetsOfAddressesThatStayAndLetsTheOthersGo) {
  auto source = of("orders");
  resolves("orders", {"10.0.0.1", "10.0.0.2"});
  auto stays = source->members()->at(1).target, goes = source->members()->at(0).target;
  auto version = goes->version();
  ActiveRequest request(*goes);

  resolves("orders", {"10.0.0.2", "10.0.0.3"});

  EXPECT_EQ(source->members()->at(0).target, stays);
  EXPECT_FALSE(stays->draining());
  EXPECT_TRUE(goes->draining());
  EXPECT_GT(goes->version(), version) << "pools have to look";
  EXPECT_THAT(source->draining(), ElementsAre(goes));

  resolves("orders", {"10.0.0.1"});

  EXPECT_EQ(source->members()->at(0).target, goes) << "it was still there, with all that is known of it";
  EXPECT_FALSE(goes->draining());
  EXPECT_THAT(source->draining(), IsEmpty());
}

TEST_F(SourceTest, ChangesNothingWhenTheSameAddressesComeInAnotherOrder) {
  auto source = of("orders");
  resolves("orders", {"10.0.0.1", "10.0.0.2"});
  auto members = source->members();

  resolves("orders", {"10.0.0.2", "10.0.0.1"});

  EXPECT_EQ(source->members(), members);
}

TEST_F(SourceTest, AsksOfTargetsThatComeLaterWhatIsInForce) {
  group_->checked = true;
  auto source = of("orders");

  resolves("orders", {"10.0.0.1"});

  EXPECT_TRUE(source->members()->front().target->health().checked());
}

TEST_F(SourceTest, LetsThoseComeUpSlowlyThatAreFoundLaterButNotTheFirst) {
  base::VirtualClock clock;
  net::Loop loop(clock);
  TargetTable table({&loop}, &names_.resolver());
  auto group = table.group("orders");
  auto source = table.sources().of(group, {"orders", 80});
  source->put_in_force();
  group->served = true;

  resolves("orders", {"10.0.0.1"});
  auto first = source->members()->at(0).target;
  resolves("orders", {"10.0.0.1", "10.0.0.2"});
  auto later = source->members()->at(1).target;

  EXPECT_EQ(first->fresh_since(), base::SteadyTime{});
  EXPECT_NE(later->fresh_since(), base::SteadyTime{});
}

TEST_F(SourceTest, KeepsItsTargetsForEverWhenLookupsFail) {
  auto source = of("orders");
  resolves("orders", {"10.0.0.1"});
  names_.lookup().fails("orders", "timeout");

  for (int i = 0; i < 100; ++i) names_.pass(1min);

  EXPECT_THAT(texts(*source), ElementsAre("orders:80 (10.0.0.1)"));
  EXPECT_FALSE(source->facts().kept);
}

TEST_F(SourceTest, KeepsItsTargetsForTheGraceWhenThereAreNoneAnyMore) {
  auto source = of("orders");
  resolves("orders", {"10.0.0.1"});
  names_.lookup().knows_none("orders");

  names_.pass(40s);
  EXPECT_THAT(texts(*source), ElementsAre("orders:80 (10.0.0.1)"));
  EXPECT_TRUE(source->facts().kept);
  names_.pass(4min + 59s);
  EXPECT_THAT(texts(*source), ElementsAre("orders:80 (10.0.0.1)"));
  names_.pass(34s);

  EXPECT_THAT(texts(*source), IsEmpty());
  EXPECT_FALSE(source->facts().kept);
  EXPECT_EQ(source->facts().empties, 3u);
  EXPECT_THAT(
      log_,
      ElementsAre(
          "warning: upstream orders: http://orders:80 has no targets any more (no such name): the last 1 "
          "stay for 5m",
          "error: upstream orders: http://orders:80 has had no targets for 5m (no such name): the last 1 "
          "are gone"));
}

TEST_F(SourceTest, ForgetsTheGraceWhenTargetsAreThereAgain) {
  auto source = of("orders");
  resolves("orders", {"10.0.0.1"});
  names_.lookup().knows_none("orders");
  names_.pass(40s);

  resolves("orders", {"10.0.0.1"});

  EXPECT_FALSE(source->facts().kept);
  EXPECT_EQ(log_.back(), "info: upstream orders: http://orders:80 has targets again");
  names_.lookup().knows_none("orders");
  names_.pass(4min);
  EXPECT_THAT(texts(*source), ElementsAre("orders:80 (10.0.0.1)"));
}

TEST_F(SourceTest, TakesNothingForNothingAtOnceWithoutGrace) {
  auto source = of("orders");
  source->set_grace(0s);
  resolves("orders", {"10.0.0.1"});
  names_.lookup().knows_none("orders");

  names_.pass(40s);

  EXPECT_THAT(texts(*source), IsEmpty());
}

TEST_F(SourceTest, ListsWhatItsPartsHaveByTheirWeights) {
  auto list = table_.sources().list(group_, "file");
  names_.lookup().resolves("a", {"10.0.0.1", "10.0.0.2"}, 1s);
  std::vector<TargetConfig> targets{{{"a", 80}, 3}, {{"10.0.0.9", 80}, 2}};

  list->says(table_.sources().parts(group_, targets));
  EXPECT_FALSE(list->answered());
  names_.answer();

  EXPECT_TRUE(list->answered());
  EXPECT_THAT(texts(*list), ElementsAre("a:80 (10.0.0.1)", "a:80 (10.0.0.2)", "10.0.0.9:80"));
  EXPECT_EQ(list->members()->at(1).weight, 3u);
}

TEST_F(SourceTest, KeepsTheOldPartsUntilTheNewOnesAreKnown) {
  auto list = table_.sources().list(group_, "file");
  std::vector<TargetConfig> old{{{"10.0.0.1", 80}, 1}}, fresh{{{"a", 80}, 1}};
  list->says(table_.sources().parts(group_, old));
  auto target = list->members()->front().target;

  list->says(table_.sources().parts(group_, fresh));
  EXPECT_THAT(texts(*list), ElementsAre("10.0.0.1:80"));
  names_.answer();  // it fails
  EXPECT_THAT(texts(*list), ElementsAre("10.0.0.1:80"));
  resolves("a", {"10.0.0.2"});

  EXPECT_THAT(texts(*list), ElementsAre("a:80 (10.0.0.2)"));
  EXPECT_TRUE(target->draining()) << "the last list that had it has it no more";
}

TEST_F(SourceTest, HandsItsGraceToItsParts) {
  auto list = table_.sources().list(group_, "file");
  std::vector<TargetConfig> one{{{"a", 80}, 1}};
  list->says(table_.sources().parts(group_, one));
  resolves("a", {"10.0.0.1"});
  list->set_grace(0s);
  names_.lookup().knows_none("a");

  names_.pass(40s);

  EXPECT_THAT(texts(*list), IsEmpty());
}

TEST_F(SourceTest, DrainsNoTargetThatAnotherListHas) {
  auto alone = of("10.0.0.1");
  auto list = table_.sources().list(group_, "file");
  std::vector<TargetConfig> both{{{"10.0.0.1", 80}, 1}, {{"10.0.0.2", 80}, 1}}, one{{{"10.0.0.2", 80}, 1}};
  list->says(table_.sources().parts(group_, both));

  list->says(table_.sources().parts(group_, one));

  EXPECT_THAT(texts(*list), ElementsAre("10.0.0.2:80"));
  EXPECT_FALSE(alone->members()->front().target->draining());
}

TEST_F(SourceTest, KeepsItsListWhileItCannotBeRead) {
  auto list = table_.sources().list(group_, "file");
  std::vector<TargetConfig> one{{{"10.0.0.1", 80}, 1}};
  list->says(table_.sources().parts(group_, one));

  list->cannot_be_read("line 1: nonsense");

  EXPECT_THAT(texts(*list), ElementsAre("10.0.0.1:80"));
  EXPECT_EQ(list->facts().failures, 1u);
}

TEST(SourceWeights, StayWithinWhatCanBeAddedUp) {
  EXPECT_EQ(times(3, 5), 15u);
  EXPECT_EQ(times(4'000'000'000u, 4'000'000'000u), 10'000'000u);
}

}  // namespace
}  // namespace sluice::upstream::source_test
