// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/order.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/registry.h"

namespace sluice::chain::order_test {
namespace {

using config::Severity;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

struct NoSettings {
  bool operator==(const NoSettings&) const = default;
};
void describe(config::Description<NoSettings>& d) { d.about("test_no_settings", "Nothing to set."); }

struct CountSettings {
  bool by_consumer = false;
  bool operator==(const CountSettings&) const = default;
  std::optional<Stage> needs() const { return by_consumer ? std::optional(Stage::identify) : std::nullopt; }
};
void describe(config::Description<CountSettings>& d) {
  d.about("test_count", "Counts.");
  d.field("by_consumer", &CountSettings::by_consumer, "Counts by consumer.");
}

template <int>
struct Nothing final : Filter {
  template <class C>
  explicit Nothing(const C&) {}
};
struct Preflights final : Filter {
  explicit Preflights(const NoSettings&) {}
  void on_preflight(Exchange&) const override {}
};
struct Mute final : Handler {
  explicit Mute(const NoSettings&) {}
  base::Task<base::Result<void>> answer(Exchange&) const override { return base::Result<void>(); }
};

const FilterKind<Nothing<1>, NoSettings> kTrace{"test_trace", Stage::observe, "Observes."};
const FilterKind<Nothing<2>, NoSettings> kCors{"test_cors", Stage::admit, "Admits."};
const FilterKind<Nothing<3>, NoSettings> kKey{"test_key", Stage::identify, "Identifies."};
const FilterKind<Nothing<4>, NoSettings> kAcl{"test_acl", Stage::allow, "Allows."};
const FilterKind<Nothing<5>, CountSettings> kCount{"test_count", Stage::limit, "Limits."};
const FilterKind<Nothing<6>, NoSettings> kShape{"test_shape", Stage::shape, "Shapes."};
const FilterKind<Preflights, NoSettings> kPreflights{"test_preflights", Stage::admit, "Answers preflights."};
const HandlerKind<Mute, NoSettings> kAny{"test_any", "Takes any filter."};
const HandlerKind<Mute, NoSettings> kBlind{"test_blind", "Sees no shape.", {}, {}, {"test_shape"}};
const HandlerKind<Mute, NoSettings> kPicky{"test_picky", "Takes no shape.", {}, {"test_shape"}};

std::vector<Objection> object(std::vector<std::string_view> kinds, std::string_view handler = "test_any") {
  std::vector<Written> written;
  for (auto kind : kinds) written.push_back({kind, kind, nullptr});
  static const CountSettings anybody;
  for (auto& w : written)
    if (w.kind == "test_count") w.config = &anybody;
  return object_to_order(written, handler);
}

TEST(Order, IsFineInTheOrderOfTheStages) {
  EXPECT_THAT(object({}), IsEmpty());
  EXPECT_THAT(object({"test_trace", "test_cors", "test_key", "test_acl", "test_count", "test_shape"}),
              IsEmpty());
}

TEST(Order, IsFineWhereALimitOrAnEditComesFirst) {
  EXPECT_THAT(object({"test_shape", "test_count", "test_key", "test_acl"}), IsEmpty());
}

TEST(Order, WarnsOfAnObserverBehindAFilterThatRefuses) {
  auto objections = object({"test_key", "test_trace"});

  ASSERT_THAT(objections, SizeIs(1));
  EXPECT_EQ(objections[0].severity, Severity::warning);
  EXPECT_EQ(objections[0].index, 1U);
  EXPECT_THAT(objections[0].message, HasSubstr("`test_trace` comes after `test_key`"));
  EXPECT_THAT(objections[0].hint, HasSubstr("swap"));
}

TEST(Order, WarnsOfCorsBehindAuthentication) {
  EXPECT_THAT(object({"test_key", "test_cors"}), SizeIs(1));
  EXPECT_THAT(object({"test_cors", "test_key"}), IsEmpty());
}

TEST(Order, WarnsOfADecisionBeforeTheCallerIsKnown) {
  EXPECT_THAT(object({"test_acl", "test_key"}), SizeIs(1));
}

TEST(Order, WarnsOnceOfEachFilter) { EXPECT_THAT(object({"test_key", "test_acl", "test_trace"}), SizeIs(1)); }

TEST(Order, RefusesASecondFilterForPreflights) {
  auto objections = object({"test_preflights", "test_key", "test_preflights"});

  ASSERT_THAT(objections, Not(IsEmpty()));
  EXPECT_EQ(objections.back().severity, Severity::error);
  EXPECT_EQ(objections.back().index, 2U);
  EXPECT_THAT(object({"test_preflights", "test_key"}), IsEmpty());
}

std::vector<Objection> object_to_counting(std::vector<Written> others_before,
                                          std::vector<Written> others_after) {
  static const CountSettings by_consumer{true};
  auto written = std::move(others_before);
  written.push_back({"test_count", "per-key", &by_consumer});
  written.insert(written.end(), others_after.begin(), others_after.end());
  return object_to_order(written, "test_any");
}

TEST(Order, RefusesAFilterBeforeTheOneThatItNeeds) {
  auto objections = object_to_counting({}, {{"test_key", "key", nullptr}});

  ASSERT_THAT(objections, SizeIs(1));
  EXPECT_EQ(objections[0].severity, Severity::error);
  EXPECT_EQ(objections[0].index, 0U);
  EXPECT_EQ(
      objections[0].message,
      "`per-key` (test_count) needs a filter of the stage `identify` before it, but `key` (test_key) comes "
      "after it");
  EXPECT_EQ(objections[0].hint, "swap them?");
}

TEST(Order, RefusesAFilterWithoutTheOneThatItNeeds) {
  auto objections = object_to_counting({{"test_shape", "s", nullptr}}, {});

  ASSERT_THAT(objections, SizeIs(1));
  EXPECT_EQ(objections[0].severity, Severity::error);
  EXPECT_EQ(objections[0].index, 1U);
  EXPECT_THAT(objections[0].message, HasSubstr("there is none"));
}

TEST(Order, IsFineWhenWhatIsNeededComesBefore) {
  EXPECT_THAT(object_to_counting({{"test_key", "key", nullptr}}, {{"test_key", "key2", nullptr}}), IsEmpty());
}

TEST(Order, WarnsOfAnEditOfTheRouteThatItsHandlerDoesNotSee) {
  const std::vector<Written> everywhere{{"test_shape", "test_shape", nullptr, false}};
  const std::vector<Written> here{{"test_shape", "test_shape", nullptr, true}};

  EXPECT_THAT(object_to_order(everywhere, "test_blind"), IsEmpty());
  EXPECT_THAT(object_to_order(here, "test_any"), IsEmpty());
  auto objections = object_to_order(here, "test_blind");

  ASSERT_THAT(objections, SizeIs(1));
  EXPECT_EQ(objections[0].severity, Severity::warning);
  EXPECT_EQ(objections[0].index, 0U);
  EXPECT_EQ(objections[0].message,
            "`test_shape` does nothing here: `test_blind` goes by what the client sent");
}

TEST(Order, WarnsOfAPolicyThatCountsTwice) {
  const CountSettings few, other;
  const std::vector<Written> twice{{"test_count", "few", &few}, {"test_count", "few", &few}};
  auto objections = object_to_order(twice, "test_any");

  ASSERT_THAT(objections, SizeIs(1));
  EXPECT_EQ(objections[0].severity, Severity::warning);
  EXPECT_EQ(objections[0].index, 1U);
  EXPECT_THAT(objections[0].message, HasSubstr("`few` (test_count) stands in this chain already"));
  const std::vector<Written> apart{{"test_count", "test_count", &few}, {"test_count", "test_count", &other}};
  EXPECT_THAT(object_to_order(apart, "test_any"), IsEmpty());
}

TEST(Order, RefusesAFilterThatTheHandlerRefuses) {
  auto objections = object({"test_key", "test_shape"}, "test_picky");

  ASSERT_THAT(objections, SizeIs(1));
  EXPECT_EQ(objections[0].severity, Severity::error);
  EXPECT_EQ(objections[0].index, 1U);
  EXPECT_THAT(objections[0].message, HasSubstr("`test_shape` cannot be used with the handler `test_picky`"));
  EXPECT_THAT(object({"test_shape"}, "test_any"), IsEmpty());
}

TEST(Stage, HasAName) {
  EXPECT_EQ(name(Stage::observe), "observe");
  EXPECT_EQ(name(Stage::admit), "admit");
  EXPECT_EQ(name(Stage::identify), "identify");
  EXPECT_EQ(name(Stage::allow), "allow");
  EXPECT_EQ(name(Stage::limit), "limit");
  EXPECT_EQ(name(Stage::shape), "shape");
}

}  // namespace
}  // namespace sluice::chain::order_test
