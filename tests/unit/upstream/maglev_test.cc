// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/maglev.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "gateway/upstream/random.h"

namespace sluice::upstream::maglev_test {
namespace {

constexpr double kSlots = MaglevTable::kSlots;

struct Named {
  std::string name;
  std::uint32_t weight = 1;
};

MaglevTable table(const std::vector<Named>& all) {
  std::vector<MaglevTable::Entry> entries;
  for (const auto& n : all) entries.push_back({n.name, n.weight});
  return MaglevTable(entries);
}

std::vector<Named> some(int n) {
  std::vector<Named> out;
  for (int i = 0; i < n; ++i) out.push_back({"http://10.0.0." + std::to_string(i) + ":80"});
  return out;
}

// The name in every slot.
std::vector<std::string> slots(const std::vector<Named>& all) {
  auto made = table(all);
  std::vector<std::string> out;
  for (std::uint64_t h = 0; h < MaglevTable::kSlots; ++h) out.push_back(all[made.at(h)].name);
  return out;
}

std::vector<double> shares(const std::vector<Named>& all) {
  auto made = table(all);
  std::vector<double> out(all.size());
  for (std::uint64_t h = 0; h < MaglevTable::kSlots; ++h) out[made.at(h)] += 1 / kSlots;
  return out;
}

// By the definition: round by round, entry by entry.
TEST(MaglevTable, GivesSlotsByTurnsHoweverUnevenTheWeightsAre) {
  for (std::uint32_t heaviest : {1u, 3u, 1000u, 10'000'000u}) {
    std::vector<Named> all{{"a", heaviest}, {"b", 1}, {"c", heaviest / 2 + 1}, {"d", heaviest / 7 + 1}};
    auto made = table(all);
    std::vector<double> slots(all.size());
    for (std::uint64_t h = 0; h < MaglevTable::kSlots; ++h) ++slots[made.at(h)];
    double total = 0;
    for (const auto& n : all) total += n.weight;
    for (std::size_t i = 0; i < all.size(); ++i)
      EXPECT_NEAR(slots[i], kSlots * all[i].weight / total, 1.5) << all[i].name << " of " << heaviest;
  }
}

TEST(MaglevTable, GivesEachTheSameNumberOfSlots) {
  for (int n : {1, 2, 3, 10, 100, 1000}) {
    auto all = shares(some(n));
    EXPECT_LE(std::ranges::max(all) - std::ranges::min(all), 1.01 / kSlots) << n;
  }
}

TEST(MaglevTable, GivesEachSlotsByWeight) {
  auto all = shares({{"a", 1}, {"b", 2}, {"c", 7}, {"d", 10}});

  const double expected[] = {0.05, 0.1, 0.35, 0.5};
  for (std::size_t i = 0; i < 4; ++i) EXPECT_NEAR(all[i], expected[i], 0.001) << i;
}

TEST(MaglevTable, GivesEachSomethingHoweverUnequalTheWeights) {
  auto all = shares({{"a", 1}, {"b", 10'000}});

  EXPECT_NEAR(all[0] * kSlots, 6.5, 1);
}

TEST(MaglevTable, DoesNotDependOnTheOrder) {
  auto all = some(20);
  for (std::size_t i = 0; i < all.size(); ++i) all[i].weight = 1 + static_cast<std::uint32_t>(i % 3);
  auto before = slots(all);

  Random random(1);
  for (std::size_t i = all.size(); i > 1; --i) std::swap(all[i - 1], all[random.below(i)]);

  EXPECT_EQ(slots(all), before);
}

// How many slots of entries that stay have moved, of all slots.
double moved(const std::vector<std::string>& before, const std::vector<std::string>& after,
             const std::string& changed) {
  double n = 0;
  for (std::size_t i = 0; i < before.size(); ++i)
    n += before[i] != after[i] && before[i] != changed && after[i] != changed;
  return n / kSlots;
}

TEST(MaglevTable, MovesLittleWhenAnEntryGoesOrComes) {
  for (int n : {3, 10, 50}) {
    auto all = some(n);
    auto before = slots(all);
    for (int gone : {0, n / 2, n - 1}) {
      auto left = all;
      std::string name = left[static_cast<std::size_t>(gone)].name;
      left.erase(left.begin() + gone);

      auto after = slots(left);

      EXPECT_LT(moved(before, after, name), 0.03) << n << " without " << name;
      EXPECT_EQ(std::ranges::count(after, name), 0);
    }
  }
}

TEST(MaglevTable, MovesLittleWhenAWeightChanges) {
  auto all = some(10);
  for (auto& n : all) n.weight = 10;
  auto before = slots(all);

  all[3].weight = 11;
  auto after = slots(all);

  EXPECT_LT(moved(before, after, all[3].name), 0.03);
  EXPECT_GT(std::ranges::count(after, all[3].name), std::ranges::count(before, all[3].name));
}

// What other gateways, and this one after its next release, must agree with.
TEST(AffinityHash, IsTheSameInEveryProcess) {
  EXPECT_EQ(affinity_hash("consumer=acme"), affinity_hash("consumer=acme"));
  EXPECT_NE(affinity_hash("consumer=acme"), affinity_hash("consumer=acmf"));
  EXPECT_EQ(affinity_hash("consumer=acme"), 4891215771390925526u);
  auto made = table(some(10));
  EXPECT_EQ(made.at(affinity_hash("ip=192.0.2.7")), 6u);
}

}  // namespace
}  // namespace sluice::upstream::maglev_test
