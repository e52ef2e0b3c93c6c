// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/key_source.h"

#include <gtest/gtest.h>

#include "tests/support/signer.h"

namespace sluice::jose::key_source_test {
namespace {

using namespace std::chrono_literals;

std::shared_ptr<const KeySet> some_keys() {
  return std::make_shared<const KeySet>(*parse_jwks(test::Signer("EdDSA").jwks(), false));
}
base::SteadyTime at(base::Duration d) { return base::SteadyTime(d); }

TEST(KeySource, OfFixedKeysNeverAsks) {
  KeySource source(*parse_jwks(test::Signer("EdDSA").jwks(), false));

  EXPECT_EQ(source.view().keys->keys().size(), 1u);
  EXPECT_FALSE(source.may_ask(at(1h)));
}

TEST(KeySource, GivesWhatWasAnsweredAndTellsThoseWhoAsked) {
  int wanted = 0, told = 0;
  KeySource source([&] { ++wanted; });
  EXPECT_EQ(source.view().keys, nullptr);

  source.ask([&] { ++told; });
  source.ask([&] { ++told; });
  EXPECT_EQ(wanted, 2);
  EXPECT_EQ(told, 0);
  source.answer(some_keys(), true, at(10s));

  EXPECT_EQ(told, 2);
  EXPECT_NE(source.view().keys, nullptr);
  EXPECT_EQ(source.version(), 1u);
}

TEST(KeySource, ShowsThatItWasAskedUntilThereIsAnAnswer) {
  KeySource source([] {});
  auto asked = [&] {
    source.ask([] {});
    return source.view().asked;
  };
  EXPECT_FALSE(source.view().asked);

  EXPECT_TRUE(asked());
  source.answer(some_keys(), true, at(0s));
  EXPECT_FALSE(source.view().asked);
  EXPECT_TRUE(asked());
  source.fail("does not answer", at(0s));
  EXPECT_FALSE(source.view().asked);
  EXPECT_TRUE(asked());
  source.keep(at(0s));
  EXPECT_FALSE(source.view().asked);
}

TEST(KeySource, KeepsItsVersionWhenTheSameKeysComeAgain) {
  KeySource source([] {});
  source.answer(some_keys(), true, at(0s));
  auto before = source.view();

  source.answer(some_keys(), false, at(0s));

  EXPECT_EQ(source.version(), before.version);
  EXPECT_EQ(source.view().keys, before.keys);
}

TEST(KeySource, KeepsTheLastGoodKeysWhenFetchingFails) {
  KeySource source([] {});
  source.answer(some_keys(), true, at(0s));

  source.fail("does not answer", at(0s));

  EXPECT_NE(source.view().keys, nullptr);
  EXPECT_EQ(source.view().failure, "does not answer");
  source.answer(some_keys(), false, at(0s));
  EXPECT_EQ(source.view().failure, "");
}

TEST(KeySource, ShowsWhatTheIssuerSaysOfItself) {
  KeySource source([] {});
  EXPECT_EQ(source.view().metadata, nullptr);
  ProviderMetadata said;
  said.token_endpoint = "https://idp/token";

  source.describe(said);
  auto before = source.version();
  source.describe(said);

  EXPECT_EQ(*source.view().metadata, said);
  EXPECT_EQ(source.version(), before) << "the same again is no news";
  said.token_endpoint.clear();
  source.describe(said);
  EXPECT_NE(source.version(), before);
}

TEST(KeySource, IsNotAskedBeforeTheQuietTimeIsOver) {
  KeySource source([] {});
  EXPECT_TRUE(source.may_ask(at(0s)));

  source.fail("does not answer", at(10s));

  EXPECT_FALSE(source.may_ask(at(9s)));
  EXPECT_TRUE(source.may_ask(at(10s)));
}

}  // namespace
}  // namespace sluice::jose::key_source_test
