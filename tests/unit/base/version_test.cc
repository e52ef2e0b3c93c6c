// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/version.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::base::version_test {
namespace {

TEST(Version, IsThreeNumbersAndARevision) {
  EXPECT_THAT(std::string(kVersion), testing::MatchesRegex("[0-9]+\\.[0-9]+\\.[0-9]+"));
  EXPECT_FALSE(kRevision.empty());
}

}  // namespace
}  // namespace sluice::base::version_test
