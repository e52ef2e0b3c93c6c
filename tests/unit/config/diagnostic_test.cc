// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/diagnostic.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::config::diagnostic_test {
namespace {

using testing::HasSubstr;
using testing::Not;

TEST(Diagnostics, PrintPlaceMessageLineCaretAndHint) {
  Diagnostics diagnostics;
  std::uint32_t file = diagnostics.sources().add("gateway.yaml", "timeouts:\n  connect: 250\n");

  diagnostics.error({file, 2, 12}, "timeouts.connect",
                    "expected a duration such as 250ms, got 250: add a unit", did_you_mean("250ms"));

  EXPECT_EQ(diagnostics.text(),
            "gateway.yaml:2:12: error: expected a duration such as 250ms, got 250: add a unit\n"
            "    connect: 250\n"
            "             ^\n"
            "  did you mean \"250ms\"?\n");
}

TEST(Diagnostics, PrintWithoutALineWhatConcernsTheWholeFile) {
  Diagnostics diagnostics;
  std::uint32_t file = diagnostics.sources().add("gateway.yaml", "a: 1\n");

  diagnostics.error({file, 0, 0}, "", "cannot read");
  diagnostics.warning({}, "", "nowhere");

  EXPECT_EQ(diagnostics.text(), "warning: nowhere\ngateway.yaml: error: cannot read\n");
}

TEST(Diagnostics, AreSortedByFileLineAndColumn) {
  Diagnostics diagnostics;
  std::uint32_t a = diagnostics.sources().add("z-first.yaml", "");
  std::uint32_t b = diagnostics.sources().add("a-second.yaml", "");
  diagnostics.error({b, 1, 1}, "", "5");
  diagnostics.error({a, 10, 1}, "", "4");
  diagnostics.error({a, 2, 7}, "", "3");
  diagnostics.warning({a, 2, 3}, "", "1");
  diagnostics.error({a, 2, 3}, "", "2");

  std::string order;
  for (const Diagnostic& d : diagnostics.sorted()) order += d.message;

  EXPECT_EQ(order, "12345");
}

TEST(Diagnostics, CountErrorsAndWarningsApart) {
  Diagnostics diagnostics;
  EXPECT_FALSE(diagnostics.has_errors());

  diagnostics.warning({}, "", "a");
  EXPECT_FALSE(diagnostics.has_errors());
  diagnostics.error({}, "", "b");

  EXPECT_TRUE(diagnostics.has_errors());
  EXPECT_EQ(diagnostics.errors(), 1u);
  EXPECT_EQ(diagnostics.warnings(), 1u);
}

TEST(Diagnostics, SayTheSameThingAtTheSamePlaceOnce) {
  Diagnostics diagnostics;
  diagnostics.error({1, 2, 3}, "a", "same");
  diagnostics.error({1, 2, 3}, "b", "same");
  diagnostics.error({1, 2, 4}, "b", "same");

  EXPECT_EQ(diagnostics.errors(), 2u);
  EXPECT_EQ(diagnostics.sorted().size(), 2u);
}

TEST(Diagnostics, KeepAThousandAndCountTheOthers) {
  Diagnostics diagnostics;
  for (std::uint32_t i = 1; i <= 1500; ++i) diagnostics.error({1, i, 1}, "", "wrong");

  EXPECT_EQ(diagnostics.errors(), 1500u);
  EXPECT_EQ(diagnostics.sorted().size(), 1000u);
  EXPECT_TRUE(diagnostics.text().ends_with("\nand 500 more\n"));
}

TEST(Diagnostics, AreOneLineEachWhateverTheyQuote) {
  Diagnostics diagnostics;
  diagnostics.error({}, "", "got a\nb\x1b[0m", "c\rd");

  EXPECT_EQ(diagnostics.text(), "error: got a b [0m\n  c d\n");
}

TEST(Diagnostics, AreAlsoJson) {
  Diagnostics diagnostics;
  std::uint32_t file = diagnostics.sources().add("a \"b\".yaml", "x: 1\n");
  diagnostics.error({file, 1, 4}, "x", "bad \"x\"", "hint");

  EXPECT_EQ(diagnostics.json(),
            R"({"errors":1,"warnings":0,"diagnostics":[{"severity":"error","file":"a \"b\".yaml","line":1,)"
            R"("column":4,"path":"x","message":"bad \"x\"","hint":"hint"}]})");
  EXPECT_EQ(Diagnostics().json(), R"({"errors":0,"warnings":0,"diagnostics":[]})");
}

TEST(Diagnostics, NeverShowAHiddenText) {
  Diagnostics diagnostics;
  diagnostics.sources().hide_text("hunter2hunter2");
  diagnostics.error({}, "x[\"hunter2hunter2\"]", "got hunter2hunter2", "not hunter2hunter2");

  EXPECT_THAT(diagnostics.text(), Not(HasSubstr("hunter2")));
  EXPECT_THAT(diagnostics.json(), Not(HasSubstr("hunter2")));
}

TEST(Diagnostics, ProposeNothingForAnEmptyWord) { EXPECT_EQ(did_you_mean(""), ""); }

}  // namespace
}  // namespace sluice::config::diagnostic_test
