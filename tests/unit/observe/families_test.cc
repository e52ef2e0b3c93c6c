// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/families.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <regex>
#include <set>
#include <string>
#include <vector>

namespace sluice::observe::families_test {
namespace {

using testing::ElementsAre;

TEST(Families, HaveDistinctValidNames) {
  std::set<std::string_view> names;
  for (const auto& r : family_rows()) {
    EXPECT_TRUE(std::regex_match(std::string(r.name), std::regex("(sluice|process)_[a-z_]+"))) << r.name;
    EXPECT_TRUE(names.insert(r.name).second) << r.name;
  }
}

TEST(Families, NameCountersTotalAndHistogramsByTheirUnit) {
  for (const auto& r : family_rows()) {
    EXPECT_EQ(r.name.ends_with("_total"), r.type == FamilyType::counter) << r.name;
    EXPECT_TRUE(r.type != FamilyType::histogram || r.name.ends_with("_seconds") || r.name.ends_with("_bytes"))
        << r.name;
    EXPECT_EQ(r.bounds.empty(), r.type != FamilyType::histogram) << r.name;
  }
}

TEST(Families, HaveHelpThatTheTextFormatNeedNotEscape) {
  for (const auto& r : family_rows()) {
    EXPECT_FALSE(r.help.empty()) << r.name;
    EXPECT_EQ(r.help.find_first_of("\\\n"), std::string_view::npos) << r.name;
  }
}

TEST(Families, ListBoundsInOrder) {
  for (const auto& r : family_rows()) EXPECT_TRUE(std::is_sorted(r.bounds.begin(), r.bounds.end())) << r.name;
}

// Dashboards and alerts are written for these.
TEST(Families, HaveTheBoundsThatAreDocumented) {
  auto bounds = [](Family family) {
    std::vector<double> out;
    for (auto bound : row(family).bounds) out.push_back(static_cast<double>(bound) / row(family).scale);
    return out;
  };

  EXPECT_THAT(bounds(Family::sluice_request_duration_seconds),
              ElementsAre(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30));
  EXPECT_THAT(bounds(Family::sluice_overhead_seconds),
              ElementsAre(0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.01, 0.1));
  EXPECT_THAT(bounds(Family::sluice_request_size_bytes),
              ElementsAre(256, 1024, 4096, 16384, 65536, 262144, 1048576, 4194304, 16777216, 67108864));
  EXPECT_THAT(bounds(Family::sluice_stream_duration_seconds), ElementsAre(1, 10, 60, 300, 1800, 3600, 14400));
}

TEST(Families, AreFoundByName) {
  EXPECT_EQ(find_family("sluice_requests_total"), Family::sluice_requests_total);
  EXPECT_EQ(find_family("sluice_requests"), std::nullopt);
  for (const auto& r : family_rows()) EXPECT_EQ(&row(r.family), &r);
}

TEST(Families, SplitTheirLabels) {
  EXPECT_EQ(row(Family::sluice_requests_total).labels,
            (std::vector<std::string_view>{"route", "method", "code_class", "source", "reason"}));
  EXPECT_TRUE(row(Family::sluice_ready).labels.empty());
}

TEST(Families, ExposeSizesOnlyOnRequest) {
  for (const auto& r : family_rows())
    EXPECT_EQ(r.on_request, r.type == FamilyType::histogram && r.name.ends_with("_bytes")) << r.name;
}

TEST(Families, NeedACellPerBucketAndOneForTheSum) {
  EXPECT_EQ(row(Family::sluice_ready).cells(), 1u);
  EXPECT_EQ(row(Family::sluice_overhead_seconds).cells(), 12u);
  EXPECT_EQ(row(Family::sluice_request_duration_seconds).cells(), 16u);
}

}  // namespace
}  // namespace sluice::observe::families_test
