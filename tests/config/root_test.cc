// SPDX-License-Identifier: Apache-2.0
// Golden diagnostics of whole configurations: reading, binding, references, the order of filters, the route
// table and everything else that `sluice check` does. The files are as golden.h says, without further files.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "gateway/cli/dry_build.h"
#include "gateway/config/examples.h"

#include "tests/config/golden.h"

namespace sluice::root_test {
namespace {

constexpr std::string_view kDashes = "-----\n";

class RootGolden : public testing::TestWithParam<std::string> {};

TEST_P(RootGolden, IsSaid) {
  std::stringstream in;
  in << std::ifstream(GetParam()).rdbuf();
  std::string text = in.str();
  auto dashes = text.find(kDashes);
  ASSERT_NE(dashes, std::string::npos) << GetParam() << " has no line of dashes";
  std::string yaml = text.substr(0, dashes);

  cli::DryBuild built(server::load_text(yaml, "gateway.yaml"));
  std::string said = built.loaded().diagnostics.text();

  if (std::getenv("SLUICE_UPDATE_GOLDENS")) std::ofstream(GetParam()) << yaml << kDashes << said;
  EXPECT_EQ(said, text.substr(dashes + kDashes.size()));
  EXPECT_EQ(built.snapshot() == nullptr, built.loaded().diagnostics.has_errors());
}

INSTANTIATE_TEST_SUITE_P(Root, RootGolden, testing::ValuesIn(golden::goldens_in("tests/config/root")),
                         [](const auto& param) { return golden::test_name(param.param); });

TEST(RootConfig, EveryExampleInItsDescriptionsIsRight) {
  EXPECT_THAT(config::broken_examples(config::shape_of<server::Config>()), testing::IsEmpty());
}

// More of them could overflow the number of filters in a chain, and their order takes the square of it to
// check.
TEST(RootConfig, RefusesMoreFiltersThanAnybodyWrites) {
  std::string filters;
  for (int i = 0; i < 257; ++i) filters += "{request_id: {}},";
  std::string yaml = "listeners: {web: \":0\"}\nuse: [" + filters +
                     "]\nroutes:\n  - {name: a, match: {path: /}, use: [" + filters + "], respond: 200}\n";

  cli::DryBuild built(server::load_text(yaml, "gateway.yaml"));

  std::string said = built.loaded().diagnostics.text();
  EXPECT_THAT(said, testing::HasSubstr("gateway.yaml:2:6: error: "));
  EXPECT_THAT(said, testing::HasSubstr("gateway.yaml:4:"));
  EXPECT_EQ(built.snapshot(), nullptr);
}

}  // namespace
}  // namespace sluice::root_test
