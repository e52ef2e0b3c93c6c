// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_environment.h"
#include "tests/unit/config/sample.h"

namespace sluice::config::report_test {
namespace {

using testing::HasSubstr;
using testing::Not;

class ReportTest : public testing::Test {
 protected:
  Diagnostics diagnostics_;
  test::FakeEnvironment environment_;
  Document document_ = parse("routes:\n  - name: a\n    to: orders\n", diagnostics_, "g.yaml", environment_);
  Report report_{document_, diagnostics_};
};

TEST_F(ReportTest, ComplainsWhereTheValueWasWritten) {
  report_.error(path("routes", 0, "to"), "is wrong", "fix it");

  EXPECT_EQ(diagnostics_.text(), "g.yaml:3:9: error: is wrong\n      to: orders\n          ^\n  fix it\n");
  EXPECT_EQ(diagnostics_.sorted()[0].path, "routes[0].to");
}

TEST_F(ReportTest, ComplainsAboutADefaultAtWhatIsAroundIt) {
  report_.warning("routes[0].timeouts.connect", "is long");

  EXPECT_THAT(diagnostics_.text(), HasSubstr("g.yaml:2:5: warning: is long"));
}

TEST_F(ReportTest, ChecksNamesInsideTexts) {
  Names names;
  names.define("upstream", "orders");

  EXPECT_TRUE(report_.reference(names, "upstream", "orders", "routes[0].to"));
  EXPECT_FALSE(report_.reference(names, "upstream", "odrers", "routes[0].to"));
  EXPECT_THAT(diagnostics_.text(), HasSubstr("there is no upstream named `odrers`"));
  EXPECT_THAT(diagnostics_.text(), HasSubstr("did you mean \"orders\"?"));
}

TEST_F(ReportTest, PointsAtSecondPlaces) { EXPECT_EQ(report_.where("routes[0].name"), "g.yaml:2:11"); }

TEST_F(ReportTest, KeepsSubstitutedNamesSecret) {
  environment_.variables["X"] = "geheim";
  Diagnostics diagnostics;
  Document document = parse("to: ${env:X}\n", diagnostics, "g.yaml", environment_);

  EXPECT_FALSE(Report(document, diagnostics).reference(Names(), "upstream", "geheim", "to"));

  EXPECT_THAT(diagnostics.text(), HasSubstr("named `***`"));
  EXPECT_THAT(diagnostics.text(), Not(HasSubstr("geheim")));
}

TEST_F(ReportTest, GivesAStructItsOwnView) {
  Site site(report_, *document_.find("routes[0]"), "routes[0]");

  EXPECT_TRUE(site.written("to"));
  EXPECT_FALSE(site.written("match"));
  site.error("to", "one");
  site.error("", "two");
  site.warning("[3]", "three");

  auto all = diagnostics_.sorted();
  EXPECT_EQ(all[0].path, "routes[0]");
  EXPECT_EQ(all[1].path, "routes[0][3]");
  EXPECT_EQ(all[2].path, "routes[0].to");
  EXPECT_EQ(all[2].place, (Place{1, 3, 9}));
}

TEST_F(ReportTest, GivesTheRootItsOwnView) {
  Site site(report_, *document_.root(), "");
  site.error("routes", "x");

  EXPECT_EQ(diagnostics_.sorted()[0].path, "routes");
}

}  // namespace
}  // namespace sluice::config::report_test
