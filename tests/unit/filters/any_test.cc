// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/chained.h"
#include "tests/support/consumers.h"
#include "tests/support/fake_forwarder.h"
#include "tests/support/signer.h"

namespace sluice::filters::any_test {
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

// What a part of `all` found out is somebody else's once another part has refused: it is not sent upstream
// with the request of whom the next part of `any` knows.
class AllInAny : public testing::Test {
 protected:
  // What the upstream gets of a request that `first` lets pass, but not the key beside it.
  static std::string upstream_gets(const std::string& first, Request& r) {
    Chained any("any: [{all: [" + first + ", {api_key: {header: X-A}}]}, {api_key: {header: X-B}}]");
    EXPECT_EQ(any.problems, "");
    if (!any.problems.empty()) return any.problems;
    EXPECT_EQ(any.ask(r.with("X-A", "wrong").with("X-B", "secret")), 204);
    EXPECT_EQ(r.ex.identity.consumer, "acme");
    return test::lines(r.request().fields);
  }
};

TEST_F(AllInAny, TellsNothingOfWhatAServiceSaid) {
  test::answer_calls_with(200, {{"X-User", "alice"}});
  // Where the answer is remembered, and where only the verdict held it.
  for (auto cache : {"", ", cache: {by: \"${request.path}\"}"}) {
    Request r;
    EXPECT_EQ(upstream_gets(std::string("{forward_auth: {to: auth, copy: X-User") + cache + "}}", r), "");
  }
}

TEST_F(AllInAny, TellsNothingOfAToken) {
  test::Signer issuer("ES256", "k1");
  std::string pem;
  for (char c : issuer.pem()) pem += c == '\n' ? std::string("\\n") : std::string(1, c);
  std::string token =
      "Bearer " + issuer.token(R"({"iss":"https://idp","aud":"api","sub":"alice","exp":1700000600})");
  Request r;
  r.with("Authorization", token);

  EXPECT_EQ(upstream_gets("{jwt: {issuer: \"https://idp\", audience: api, headers: {X-User: sub}, keys: \"" +
                              pem + "\"}}",
                          r),
            "");
}

// Neither does another way take away what the one that was enough has told.
TEST(AnyFilter, LeavesWhatOneOfThemTellsToTheUpstream) {
  test::answer_calls_with(200, {{"Authorization", "Bearer inner"}});
  Chained any(
      "any: [{forward_auth: {to: auth, copy: Authorization}}, {api_key: {header: Authorization, scheme: "
      "Bearer}}]");
  ASSERT_EQ(any.problems, "");
  Request r;

  EXPECT_EQ(any.ask(r.with("Authorization", "Bearer outer")), 204);

  EXPECT_EQ(test::lines(r.request().fields), "Authorization: Bearer inner\n");
}

}  // namespace
}  // namespace sluice::filters::any_test
