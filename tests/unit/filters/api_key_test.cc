// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/consumers.h"
#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::api_key_test {
namespace {

using base::Reason;
using chain::Step;
using test::digest_of;
using test::FakeExchange;
using testing::HasSubstr;

const test::Consumers& known() {
  static const test::Consumers all("[{name: acme, groups: [partners], api_keys: [\"" + digest_of("secret") +
                                   "\", {key: \"" + digest_of("old") +
                                   "\", expires: 2020-01-01}]},"
                                   " {name: other, api_keys: {key: \"" +
                                   digest_of("a b&c") + "\", name: odd}}]");
  return all;
}

struct Request : FakeExchange {
  explicit Request(std::string_view target = "/") : FakeExchange(target) { ex.consumers = &known().table; }
  Request& with(std::string_view name, std::string_view value) {
    request().fields.add(name, value);
    return *this;
  }
  // "acme 8 hex digits", or the status and reason of a refusal.
  std::string ask(std::string_view yaml = "api_key: {header: X-Api-Key}") {
    built = test::filter(yaml);
    EXPECT_EQ(built.problems, "");
    if (built.get().on_request(ex).await_resume() == Step::next)
      return std::string(ex.identity.consumer) + " by " + std::string(ex.identity.credential);
    EXPECT_FALSE(ex.identity);
    return std::to_string(response().status) + " " + std::string(ex.detail);
  }
  std::string left() { return test::lines(request().fields); }
  test::Built<chain::Filter> built;
};

const std::string kName = digest_of("secret").substr(7, 8);

TEST(ApiKeyFilter, TellsTheConsumerByItsKey) {
  Request r;
  EXPECT_EQ(r.with("x-api-key", "secret").ask(), "acme by " + kName);
  EXPECT_EQ(r.ex.identity.method, "api_key");
  EXPECT_THAT(r.ex.identity.groups, testing::ElementsAre("partners"));
  EXPECT_EQ(r.ex.identity.entry, known().table.find("acme"));
}

TEST(ApiKeyFilter, AsksForAKey) {
  Request r;
  EXPECT_EQ(r.ask(), "401 an API key is needed");
  EXPECT_EQ(r.response().fields.find("WWW-Authenticate")->value, "ApiKey realm=\"sluice\"");
  EXPECT_EQ(r.ex.reason, Reason::unauthenticated);

  Request other;
  other.ask("api_key: {header: X-Api-Key, realm: \"orders api\"}");
  EXPECT_EQ(other.response().fields.find("WWW-Authenticate")->value, "ApiKey realm=\"orders api\"");
}

TEST(ApiKeyFilter, RefusesKeysOfNobody) {
  const std::string nobody = "401 nobody has this API key";
  EXPECT_EQ(Request().with("X-Api-Key", "Secret").ask(), nobody);
  EXPECT_EQ(Request().with("X-Api-Key", "").ask(), nobody);
  EXPECT_EQ(Request().with("X-Api-Key", "secret\t").ask(), nobody);
  EXPECT_EQ(Request().with("X-Api-Key", std::string(16'000, 'k')).ask(), nobody);
  EXPECT_EQ(Request().with("X-Api-Key", digest_of("secret")).ask(), nobody) << "a digest is no key";
  Request without;
  without.ex.consumers = nullptr;
  EXPECT_EQ(without.with("X-Api-Key", "secret").ask(), nobody);
}

TEST(ApiKeyFilter, RefusesExpiredKeys) {
  EXPECT_EQ(Request().with("X-Api-Key", "old").ask(), "401 the API key has expired");
}

TEST(ApiKeyFilter, RefusesSeveralKeysEvenIfTheyAreTheSame) {
  const std::string several = "401 the request has more than one API key";
  EXPECT_EQ(Request().with("X-Api-Key", "secret").with("X-API-KEY", "secret").ask(), several);
  const char* everywhere = "api_key: {header: X-Api-Key, query: k, cookie: c}";
  EXPECT_EQ(Request("/?k=secret").with("X-Api-Key", "secret").ask(everywhere), several);
  EXPECT_EQ(Request("/?k=secret&k=x").ask(everywhere), several);
  EXPECT_EQ(Request().with("Cookie", "c=secret; c=x").ask(everywhere), several);
  EXPECT_EQ(Request().with("Cookie", "c=secret").with("X-Api-Key", "x").ask(everywhere), several);
}

TEST(ApiKeyFilter, TakesTheKeyOutOfTheHeader) {
  Request r;
  r.with("X-Api-Key", "secret").with("Accept", "*/*").ask();
  EXPECT_EQ(r.left(), "Accept: */*\n");
}

TEST(ApiKeyFilter, ReadsAQueryParameterAndHidesItFromUpstreamAndLog) {
  Request r("/p?a=1&api%5Fkey=a+b%26c&b=2");
  EXPECT_EQ(r.ask("api_key: {query: api_key}"), "other by odd");
  EXPECT_EQ(r.request().query, "a=1&b=2");
  EXPECT_EQ(r.request().target, "/p?a=1&b=2");

  Request alone("/p?api_key=secret");
  EXPECT_EQ(alone.ask("api_key: {query: api_key}"), "acme by " + kName);
  EXPECT_FALSE(alone.request().has_query);
  EXPECT_EQ(alone.request().target, "/p");

  Request wrong("/p?api_key=wrong");
  EXPECT_THAT(wrong.ask("api_key: {query: api_key}"), HasSubstr("401"));
  EXPECT_EQ(wrong.request().target, "/p") << "what was nearly right is nobody's business either";
}

TEST(ApiKeyFilter, ReadsACookieAndTakesItOut) {
  Request r;
  EXPECT_EQ(r.with("Cookie", "a=1; key=secret; b=2").ask("api_key: {cookie: key}"), "acme by " + kName);
  EXPECT_EQ(r.left(), "Cookie: a=1; b=2\n");
}

TEST(ApiKeyFilter, MayBeToldTheSchemeOfAField) {
  const char* bearer = "api_key: {header: Authorization, scheme: Bearer}";
  Request r;
  EXPECT_EQ(r.with("Authorization", "bearer  secret").ask(bearer), "acme by " + kName);
  EXPECT_EQ(r.left(), "");
  Request basic;
  EXPECT_EQ(basic.with("Authorization", "Basic c2VjcmV0").ask(bearer), "401 an API key is needed");
  EXPECT_EQ(basic.left(), "Authorization: Basic c2VjcmV0\n") << "belongs to somebody else";
  EXPECT_EQ(Request().with("Authorization", "Bearersecret").ask(bearer), "401 an API key is needed");
  EXPECT_EQ(Request().with("Authorization", "Bearer").ask(bearer), "401 an API key is needed");
}

TEST(ApiKeyFilter, KeepsTheKeyIfItIsTold) {
  Request r("/?k=secret");
  r.ask("api_key: {query: k, keep: true}");
  EXPECT_EQ(r.request().query, "k=secret");
  EXPECT_EQ(r.request().target, "/");
}

TEST(ApiKeyFilter, TellsWhereItReadsCredentials) {
  EXPECT_EQ(test::filter("api_key: {header: X-Key}").read, "X-Key\n");
}

TEST(ApiKeyFilter, RefusesSettingsThatCannotWork) {
  EXPECT_THAT(test::filter("api_key: {}").problems, HasSubstr("header"));
  EXPECT_THAT(test::filter("api_key: {header: \"X Key\"}").problems, HasSubstr("no name of a header field"));
  EXPECT_THAT(test::filter("api_key: {query: k, scheme: Bearer}").problems, HasSubstr("needs a header"));
  EXPECT_THAT(test::filter("api_key: {query: k, realm: 'a\"b'}").problems, HasSubstr("quotes"));
}

}  // namespace
}  // namespace sluice::filters::api_key_test
