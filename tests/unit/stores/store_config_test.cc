// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/store_config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::stores::store_config_test {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

struct Read {
  StoreConfig config;
  std::string problems;
};
Read read(std::string yaml) {
  config::Diagnostics diagnostics;
  config::hide_secrets<StoreConfig>(diagnostics);
  auto document = config::parse(std::move(yaml), diagnostics);
  Read out;
  out.config = config::bind<StoreConfig>(document, diagnostics);
  out.problems = diagnostics.text();
  return out;
}

std::string url(std::string_view text) {
  RedisUrl out;
  auto refusal = parse(text, out);
  return refusal ? "<" + refusal->message + ">" : out.text();
}

TEST(StoreConfig, TakesUrlsOfAllThreeKinds) {
  EXPECT_EQ(url("redis://cache"), "redis://cache:6379");
  EXPECT_EQ(url("redis://Cache:7000/2"), "redis://cache:7000/2");
  EXPECT_EQ(url("rediss://[::1]"), "rediss://[::1]:6379");
  EXPECT_EQ(url("rediss://[::1]:7000/"), "rediss://[::1]:7000");
  EXPECT_EQ(url("unix:/run/redis.sock"), "unix:/run/redis.sock");
}

TEST(StoreConfig, SaysWhatIsWrongWithAUrl) {
  EXPECT_THAT(url("cache:6379"), HasSubstr("no scheme"));
  EXPECT_THAT(url("http://cache"), HasSubstr("must be redis"));
  EXPECT_THAT(url("redis://user:pw@cache"), HasSubstr("do not belong here"));
  EXPECT_THAT(url("redis://cache/first"), HasSubstr("number of a database"));
  EXPECT_THAT(url("redis://"), HasSubstr("no host"));
}

TEST(StoreConfig, IsShortAndLong) {
  auto brief = read("redis: redis://cache");
  EXPECT_EQ(brief.problems, "");
  EXPECT_EQ(brief.config.redis.url.target.port, 6379);
  EXPECT_EQ(brief.config.on_error, OnError::local);

  auto whole = read(
      "{redis: {url: 'redis://cache/3', username: u, password: p, timeout: 50ms, lease: 20}, on_error: deny, "
      "replicas: 3}");
  EXPECT_EQ(whole.problems, "");
  auto settings = whole.config.settings("shared");
  EXPECT_EQ(settings.name, "shared");
  EXPECT_EQ(settings.options.password, "p");
  EXPECT_EQ(settings.options.database, 3u);
  EXPECT_EQ(settings.options.timeout, std::chrono::milliseconds(50));
  EXPECT_EQ(settings.lease, 20u);
  EXPECT_EQ(settings.on_error, OnError::deny);
  EXPECT_EQ(settings.replicas, 3u);
}

TEST(StoreConfig, NamesSentinelsOrAClusterInPlaceOfAServer) {
  auto sentinel = read(
      "redis: {sentinel: {master: limits, at: ['redis://s1', 'redis://s2:1'], password: p}, password: q}");
  EXPECT_EQ(sentinel.problems, "");
  ASSERT_TRUE(sentinel.config.redis.sentinel);
  EXPECT_EQ(sentinel.config.redis.sentinel->at[0].text(), "redis://s1:26379");
  EXPECT_EQ(sentinel.config.redis.sentinel->at[1].text(), "redis://s2:1");
  EXPECT_FALSE(sentinel.config.redis.uses_tls());

  auto cluster = read("redis: {cluster: ['rediss://n1', 'rediss://n2'], tls: {sni: nodes.example.com}}");
  EXPECT_EQ(cluster.problems, "");
  EXPECT_EQ(cluster.config.redis.cluster.size(), 2u);
  EXPECT_TRUE(cluster.config.redis.uses_tls());
}

TEST(StoreConfig, NamesOneOfThemOnly) {
  EXPECT_THAT(read("redis: {timeout: 1s}").problems, HasSubstr("url"));
  EXPECT_THAT(read("redis: {url: 'redis://c', cluster: ['redis://n']}").problems, HasSubstr("cluster"));
  EXPECT_THAT(read("redis: {cluster: ['redis://n/1']}").problems, HasSubstr("no other database than 0"));
  EXPECT_THAT(read("redis: {cluster: ['redis://n', 'rediss://m']}").problems,
              HasSubstr("all speak TLS or none"));
  EXPECT_THAT(read("redis: {cluster: 'unix:/run/r.sock'}").problems, HasSubstr("Unix socket"));
  EXPECT_THAT(read("redis: {sentinel: {master: m, at: 'redis://s/1'}}").problems,
              HasSubstr("has no databases"));
  EXPECT_THAT(read("redis: {sentinel: {master: m, at: []}}").problems, Not(IsEmpty()));
  EXPECT_THAT(read("redis: {sentinel: {master: m, at: 'redis://s', username: u}}").problems,
              HasSubstr("needs a password"));
}

TEST(StoreConfig, RefusesWhatCannotWorkAndShowsNoPassword) {
  EXPECT_THAT(read("{}").problems, HasSubstr("`redis` is missing"));
  EXPECT_THAT(read("redis: {url: 'redis://c', username: u}").problems, HasSubstr("needs a password"));
  EXPECT_THAT(read("redis: {url: 'redis://c', tls: {sni: c}}").problems, HasSubstr("rediss://"));
  EXPECT_THAT(read("redis: {url: 'redis://c', prefix: '{a}'}").problems, HasSubstr("braces"));
  EXPECT_THAT(read("redis: {url: 'redis://c', password: hunter2, nonsense: 1}").problems,
              Not(HasSubstr("hunter2")));
}

}  // namespace
}  // namespace sluice::stores::store_config_test
