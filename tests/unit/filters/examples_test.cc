// SPDX-License-Identifier: Apache-2.0
// The examples that the filters' descriptions show in schema and reference page are settings that work.
#include "gateway/config/examples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"

namespace sluice::filters::examples_test {
namespace {

TEST(FilterExamples, CanBeRead) {
  EXPECT_THAT(config::broken_examples(config::shape_of<test::Use>()), testing::IsEmpty());
}

TEST(FilterExamples, CanBeBuilt) {
  for (const auto& kind : chain::filter_alternatives().all()) {
    ASSERT_NE(kind->example, "") << kind->name;
    EXPECT_EQ(test::filter(kind->name + ": " + kind->example).problems, "");
  }
}

}  // namespace
}  // namespace sluice::filters::examples_test
