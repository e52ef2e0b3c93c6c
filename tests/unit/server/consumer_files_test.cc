// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/consumer_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/load.h"

#include "tests/support/fake_environment.h"

namespace sluice::server::consumer_files_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> found(std::map<std::string, std::string> files) {
  config::Diagnostics diagnostics;
  auto document = config::load("main.yaml", diagnostics, test::FakeEnvironment(std::move(files)));
  EXPECT_EQ(diagnostics.text(), "");
  return consumer_files(document);
}

TEST(ConsumerFiles, HoldConsumersAndNothingElse) {
  EXPECT_THAT(found({{"main.yaml", "include: [a.yaml, b.yaml, c.yaml]\nversion: 1\nconsumers: [{name: m}]\n"},
                     {"a.yaml", "consumers: [{name: a}, {name: b}]\n"},
                     {"b.yaml", "consumers: [{name: c}]\nroutes: [{name: r}]\n"},
                     {"c.yaml", "routes: [{name: s}]\n"}}),
              ElementsAre("a.yaml"));
}

TEST(ConsumerFiles, AreNoneWhereTheyStandInTheMainFile) {
  EXPECT_THAT(found({{"main.yaml", "consumers: [{name: m}]\n"}}), IsEmpty());
  EXPECT_THAT(found({{"main.yaml", "version: 1\n"}}), IsEmpty());
}

TEST(ConsumerFiles, AreSeenWhateverElseIsJoined) {
  EXPECT_THAT(found({{"main.yaml", "include: [a.yaml, b.yaml]\npolicies: {x: {}}\n"},
                     {"a.yaml", "policies: {y: {}}\nconsumers: [{name: a}]\n"},
                     {"b.yaml", "consumers: [{name: b}]\n"}}),
              ElementsAre("b.yaml"));
}

}  // namespace
}  // namespace sluice::server::consumer_files_test
