// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/chained.h"
#include "tests/support/consumers.h"

namespace sluice::filters {
namespace {

using test::Chained;
using test::FakeExchange;
using testing::HasSubstr;

constexpr const char* kTwoKeys =
    "any: [{api_key: {header: X-A, realm: a}}, {api_key: {header: X-B, realm: b}}]";

struct Request : FakeExchange {
  Request() {
    static const test::Consumers known("[{name: acme, api_keys: \"" + test::digest_of("secret") +
                                       "\"}, {name: guest, groups: [visitors]}]");
    ex.consumers = &known.table;
  }
  Request& with(std::string_view name, std::string_view value) {
    request().fields.add(name, value);
    return *this;
  }
};

TEST(AnyFilter, LetsPassWhomOneOfThemKnows) {
  Chained any(kTwoKeys);
  ASSERT_EQ(any.problems, "");
  Request first, second, none;
  EXPECT_EQ(any.ask(first.with("X-A", "secret")), 204);
  EXPECT_EQ(any.ask(second.with("X-B", "secret")), 204);
  EXPECT_EQ(second.ex.identity.consumer, "acme");
  EXPECT_EQ(any.ask(none), 401);
  EXPECT_EQ(test::values(none.response().fields, "WWW-Authenticate"),
            "ApiKey realm=\"a\" | ApiKey realm=\"b\"");
}

TEST(AnyFilter, AGoodCredentialMakesUpForAWrongOne) {
  Chained any(kTwoKeys);
  Request r;
  EXPECT_EQ(any.ask(r.with("X-A", "wrong").with("X-B", "secret")), 204);
}

TEST(AnyFilter, AnswersToWhatWasSentRatherThanToWhatIsMissing) {
  Chained any(kTwoKeys);
  Request r;
  EXPECT_EQ(any.ask(r.with("X-B", "wrong")), 401);
  EXPECT_EQ(r.ex.detail, "nobody has this API key");
}

TEST(AnyFilter, TakesOutTheCredentialsThatNobodyLookedAt) {
  Chained any(kTwoKeys);
  Request r;
  any.ask(r.with("X-A", "secret").with("X-B", "secret").with("Accept", "*/*"));
  EXPECT_EQ(test::lines(r.request().fields), "Accept: */*\n");
}

TEST(AnyFilter, LetsCallersWithoutCredentialsPassAsAConsumer) {
  Chained any("any: {of: [{api_key: {header: X-A}}], anonymous: guest}");
  // The name is checked when a whole configuration is read.
  EXPECT_THAT(any.problems, HasSubstr("guest"));
}

TEST(AnyFilter, IsMadeOfFiltersThatFindOutWhoCalls) {
  EXPECT_THAT(Chained("any: [{require: {groups: a}}]").problems, HasSubstr("does not find out who calls"));
  EXPECT_THAT(Chained("any: []").problems, HasSubstr("any"));
}

TEST(AnyFilter, MayBeNested) {
  Chained any(
      "any: [{any: [{api_key: {header: X-A}}]}, {all: [{api_key: {header: X-B}}, {api_key: {cookie: c}}]}]");
  ASSERT_EQ(any.problems, "");
  Request inner, both, half;
  EXPECT_EQ(any.ask(inner.with("X-A", "secret")), 204);
  EXPECT_EQ(any.ask(both.with("X-B", "secret").with("Cookie", "c=secret")), 204);
  EXPECT_EQ(any.ask(half.with("X-B", "secret")), 401);
}

}  // namespace
}  // namespace sluice::filters
