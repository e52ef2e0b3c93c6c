// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/use.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::chain::use_test {
namespace {

std::string problems(std::string yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse(std::move(yaml), diagnostics);
  config::Names names;
  names.define("policy", "login");
  config::bind<UseConfig>(document, diagnostics, names);
  return diagnostics.text();
}

TEST(Use, IsTheNameOfAPolicyOrAFilter) {
  EXPECT_EQ(problems("{policy: login}"), "");
  EXPECT_THAT(problems("{policy: logn}"), testing::HasSubstr("did you mean"));
  EXPECT_THAT(problems("{}"), testing::HasSubstr("either the name of a policy or one filter"));
}

}  // namespace
}  // namespace sluice::chain::use_test
