// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/consumer_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/examples.h"

#include "tests/support/consumers.h"

namespace sluice::chain::consumer_config_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

std::string problems(const std::string& list) { return test::Consumers(list).problems(); }

TEST(ConsumerConfig, HasExamplesThatWork) {
  EXPECT_THAT(config::broken_examples(config::shape_of<ConsumerConfig>()), IsEmpty());
}

TEST(ConsumerConfig, IsNamedOnce) {
  EXPECT_THAT(problems("[{name: a}, {name: a}]"), HasSubstr("a"));
  EXPECT_THAT(problems("[{groups: [g]}]"), HasSubstr("name"));
}

TEST(ConsumerConfig, HasNamesThatFitIntoLists) {
  for (const char* bad : {"a b", "a,b", "", "\xc3\xa4", "\"a\\n\""})
    EXPECT_NE(problems("[{name: \"" + std::string(bad) + "\"}]"), "") << bad;
  EXPECT_THAT(problems("[{name: a, groups: [\"x,admin\"]}]"), HasSubstr("without commas"));
  EXPECT_EQ(problems("[{name: \"u:7@example.com/+\", groups: [\"a:b\"], scopes: [\"orders:read\"]}]"), "");
}

TEST(ConsumerConfig, KeepsNoKeyInTheOpen) {
  std::string said = problems("[{name: a, api_keys: [0123456789abcdef0123456789abcdef]}]");
  EXPECT_THAT(said, HasSubstr("sha256sum"));
  EXPECT_THAT(said, testing::Not(HasSubstr("0123456789abcdef0123")));
  EXPECT_NE(problems("[{name: a, api_keys: [\"sha256:12\"]}]"), "");
}

TEST(ConsumerConfig, NamesTheIssuerOfTokens) {
  EXPECT_THAT(problems("[{name: a, tokens: [{value: x}]}]"), HasSubstr("issuer"));
}

TEST(ConsumerConfig, KeepsNoPasswordInTheOpen) {
  std::string said = problems("[{name: a, basic: {password: hunter2hunter2}}]");
  EXPECT_THAT(said, HasSubstr("the password is no hash"));
  EXPECT_THAT(said, testing::Not(HasSubstr("hunter2")));
}

TEST(ConsumerConfig, TakesNoWeakSecretToSignWith) {
  EXPECT_THAT(problems("[{name: a, hmac: {id: k, secret: '!'}}]"), HasSubstr("is no base64"));
  EXPECT_THAT(problems("[{name: a, hmac: {id: k, secret: c2hvcnQ=}}]"), HasSubstr("shorter than 32 bytes"));
  EXPECT_THAT(problems("[{name: a, hmac: {secret: c2hvcnQ=}}]"), testing::Not(HasSubstr("c2hvcnQ")));
}

TEST(ConsumerConfig, KnowsACertificateByOneName) {
  EXPECT_NE(problems("[{name: a, certificates: [{cn: a, dns: b}]}]"), "");
  EXPECT_NE(problems("[{name: a, certificates: [{expires: 2027-01-01}]}]"), "");
  EXPECT_THAT(problems("[{name: a, certificates: [{spiffe: \"https://x/y\"}]}]"), HasSubstr("spiffe://"));
}

}  // namespace
}  // namespace sluice::chain::consumer_config_test
