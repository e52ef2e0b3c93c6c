// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/balance_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/upstream/config.h"

namespace sluice::upstream::balance_config_test {
namespace {

using testing::HasSubstr;

struct Bound {
  UpstreamConfig config;
  std::string problems;
};
Bound read(std::string_view settings) {
  config::Diagnostics diagnostics;
  auto document = config::parse("{url: \"http://a:1\", " + std::string(settings) + "}", diagnostics);
  auto config = config::bind<UpstreamConfig>(document, diagnostics);
  return {std::move(config), diagnostics.text()};
}
std::string problems(std::string_view settings) { return read(settings).problems; }

TEST(BalanceConfig, IsReadWithItsDefaults) {
  auto plain = read("retry: safe");
  EXPECT_EQ(plain.problems, "");
  EXPECT_EQ(plain.config.balance, Balance::least_request);
  EXPECT_EQ(plain.config.panic_threshold.value, 50);
  EXPECT_EQ(plain.config.slow_start.count(), 0);

  auto hashed = read("balance: consistent_hash, hash_by: [consumer, query.q], panic_threshold: 0%");
  EXPECT_EQ(hashed.problems, "");
  EXPECT_EQ(hashed.config.hash_by.size(), 2u);
  EXPECT_EQ(hashed.config.bounded_load, 1.25);
  EXPECT_EQ(hashed.config.panic_threshold.value, 0);
}

TEST(BalanceConfig, KnowsEveryKindByItsName) {
  for (auto word : {"least_request", "round_robin", "random", "peak_ewma"}) {
    auto bound = read("balance: " + std::string(word));
    EXPECT_EQ(bound.problems, "");
    EXPECT_EQ(name(bound.config.balance), word);
  }
}

TEST(BalanceConfig, AsksForWhatRequestsMustBeAlikeIn) {
  EXPECT_THAT(problems("balance: consistent_hash"), HasSubstr("needs `hash_by`"));
  EXPECT_THAT(problems("hash_by: ip"), HasSubstr("is of no use with `balance: least_request`"));
  EXPECT_THAT(problems("balance: random, bounded_load: 2"), HasSubstr("is of no use with `balance: random`"));
  EXPECT_THAT(problems("balance: consistent_hash, hash_by: ip, bounded_load: 1"),
              HasSubstr("must be 0, or 1.05"));
  EXPECT_THAT(problems("balance: consistent_hash, hash_by: ip, slow_start: 30s"),
              HasSubstr("requests do not choose"));
}

TEST(BalanceConfig, TakesNoCookieThatBrowsersOrAttackersWouldLaughAt) {
  std::string secret = "secret: " + std::string(32, 'x');
  EXPECT_EQ(problems("sticky: {cookie: c, " + secret + "}"), "");
  EXPECT_THAT(problems("sticky: {cookie: c}"), HasSubstr("secret"));
  EXPECT_THAT(problems("sticky: {cookie: c, secret: short}"), HasSubstr("must have at least 32 bytes"));
  EXPECT_THAT(problems("sticky: {cookie: \"a;b\", " + secret + "}"), HasSubstr("the name of a cookie"));
  EXPECT_THAT(problems("sticky: {cookie: c, same_site: none, secure: false, " + secret + "}"),
              HasSubstr("must not be `none` without `secure`"));
  EXPECT_THAT(problems("sticky: {cookie: __Host-c, path: /a, " + secret + "}"),
              HasSubstr("leaves no choice of `path`"));
  EXPECT_THAT(problems("sticky: {cookie: __Secure-c, secure: false, " + secret + "}"),
              HasSubstr("browsers take over TLS only"));
  EXPECT_THAT(problems("sticky: {cookie: c, path: \"/a;b\", " + secret + "}"), HasSubstr("a path"));
}

}  // namespace
}  // namespace sluice::upstream::balance_config_test
