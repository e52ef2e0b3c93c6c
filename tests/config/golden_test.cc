// SPDX-License-Identifier: Apache-2.0
// Runs the goldens of the sample configuration, and tests the runner.
#include "tests/config/golden.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <sstream>

#include <gtest/gtest-spi.h>

#include "gateway/config/bind.h"

#include "tests/unit/config/sample.h"

namespace sluice::golden::golden_test {
namespace {

void check_sample(const config::Document& document, config::Diagnostics& diagnostics) {
  config::bind<sample::Root>(document, diagnostics);
}

class SampleGolden : public testing::TestWithParam<std::string> {};

TEST_P(SampleGolden, IsSaid) { expect_golden(GetParam(), check_sample); }

INSTANTIATE_TEST_SUITE_P(Sample, SampleGolden, testing::ValuesIn(goldens_in("tests/config/sample")),
                         [](const auto& test) { return test_name(test.param); });

// A golden in a file of its own, gone with the test.
class GoldenTest : public testing::Test {
 protected:
  ~GoldenTest() override { std::filesystem::remove(path_); }
  std::string written(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  std::string path_ = testing::TempDir() + "sluice-" +
                      testing::UnitTest::GetInstance()->current_test_info()->name() + ".golden";
};

TEST_F(GoldenTest, HasAConfigurationAndWhatIsSaidAboutIt) {
  Golden golden(written("version: 2\n-----\nsomething\nelse\n"));

  EXPECT_EQ(golden.expected(), "something\nelse\n");
  EXPECT_EQ(golden.said(check_sample),
            "gateway.yaml:1:10: error: must be at most 1, got 2\n  version: 2\n           ^\n");
}

TEST_F(GoldenTest, MayHaveFurtherFilesAndVariables) {
  Golden golden(
      written("version: ${env:ONE}\ninclude: conf.d/*.yaml\n"
              "===== conf.d/a.yaml\nroutes: [{name: a, json: \"${file:key}\"}]\n"
              "===== conf.d/key\nx\n"
              "===== $ONE=1\n-----\n"));

  EXPECT_EQ(golden.said(check_sample), "");
}

TEST_F(GoldenTest, CanBeWrittenDown) {
  std::string path = written("version: 1\n-----\nold\n");

  Golden(path).rewrite("new\n");

  std::stringstream now;
  now << std::ifstream(path).rdbuf();
  EXPECT_EQ(now.str(), "version: 1\n-----\nnew\n");
}

TEST_F(GoldenTest, FailsTheTestWhenTheFileIsNone) {
  EXPECT_NONFATAL_FAILURE(Golden("tests/config/no-such.golden"), "no line of dashes");
}

TEST(Goldens, AreFoundSortedAndNamed) {
  auto found = goldens_in("tests/config/sample");

  EXPECT_GE(found.size(), 10u);
  EXPECT_TRUE(std::is_sorted(found.begin(), found.end()));
  EXPECT_EQ(test_name("a/b/unknown-key.golden"), "unknown_key");
  EXPECT_TRUE(goldens_in("tests/config/none").empty());
}

}  // namespace
}  // namespace sluice::golden::golden_test
