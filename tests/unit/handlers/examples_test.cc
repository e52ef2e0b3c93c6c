// SPDX-License-Identifier: Apache-2.0
// The examples that the handlers' descriptions show in schema and reference page are settings that work.
#include "gateway/config/examples.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"

namespace sluice::handlers::examples_test {
namespace {

TEST(HandlerExamples, CanBeRead) {
  EXPECT_THAT(config::broken_examples(config::shape_of<test::Use>()), testing::IsEmpty());
}

TEST(HandlerExamples, AreThereForEach) {
  for (const auto& kind : chain::handler_alternatives().all()) EXPECT_NE(kind->example, "") << kind->name;
}

}  // namespace
}  // namespace sluice::handlers::examples_test
