// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/sarif.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::config::sarif_test {
namespace {

using testing::HasSubstr;

TEST(Sarif, HasTheMistakesOfAllFiles) {
  Diagnostics a, b;
  auto file = a.sources().add("a.yaml", "version: 2\n");
  a.error({file, 1, 10}, "version", "expected 1, got 2", "write 1");
  b.warning({b.sources().add("b.yaml", ""), 0, 0}, "", "is empty");
  const Diagnostics* all[] = {&a, &b};

  auto text = sarif(all, "1.2.3");

  for (auto part : {"\"version\": \"2.1.0\"", "\"version\": \"1.2.3\"", "\"level\": \"error\"",
                    "\"level\": \"warning\"", "\"text\": \"expected 1, got 2; write 1\"",
                    "\"uri\": \"a.yaml\"", "\"startLine\": 1", "\"startColumn\": 10", "\"uri\": \"b.yaml\""})
    EXPECT_THAT(text, HasSubstr(part));
}

TEST(Sarif, IsWholeWithoutMistakes) {
  Diagnostics none;
  const Diagnostics* all[] = {&none};

  EXPECT_THAT(sarif(all, "1"), HasSubstr("\"results\": []"));
}

}  // namespace
}  // namespace sluice::config::sarif_test
