// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/table_parts.h"

#include <gtest/gtest.h>

#include "tests/unit/routing/request.h"

namespace sluice::routing::table_parts_test {
namespace {

TEST(TableParts, FitAnEntryWithoutConditionsToEveryRequest) {
  TableParts parts;
  Entry entry;

  EXPECT_TRUE(parts.conditions_fit(entry, Request("/").head()));
  EXPECT_TRUE(parts.regex_fits(entry, "/anything"));
}

TEST(TableParts, FitAnEntryWhenAllItsConditionsDo) {
  TableParts parts;
  parts.conditions = {{}, {header("A", "1"), header("B", "2")}};
  Entry entry;
  entry.conditions = 1;

  EXPECT_TRUE(parts.conditions_fit(entry, Request("/").with("A", "1").with("B", "2").head()));
  EXPECT_FALSE(parts.conditions_fit(entry, Request("/").with("A", "1").head()));
}

TEST(TableParts, FitAnExpressionToTheWholePath) {
  TableParts parts;
  parts.regexes = {path("~ /a+").regex};
  Entry entry;
  entry.regex = 0;

  EXPECT_TRUE(parts.regex_fits(entry, "/aaa"));
  EXPECT_FALSE(parts.regex_fits(entry, "/aaab"));
  EXPECT_FALSE(parts.regex_fits(entry, "//aaa"));
}

TEST(TableParts, CountTheirMemory) {
  TableParts parts;
  std::size_t empty = parts.memory();
  parts.entries.reserve(1000);

  EXPECT_EQ(parts.memory(), empty + 1000 * sizeof(Entry));
}

}  // namespace
}  // namespace sluice::routing::table_parts_test
