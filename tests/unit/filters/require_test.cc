// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/order.h"

#include "tests/support/chained.h"

namespace sluice::filters::require_test {
namespace {

using base::Reason;
using test::Chained;
using test::FakeExchange;
using testing::HasSubstr;

struct Request : FakeExchange {
  Request() {
    ex.identity.method = "jwt";
    ex.identity.groups = groups;
    ex.identity.scopes = scopes;
    ex.identity.claims = claims;
  }
  std::string ask(std::string_view yaml) {
    Chained require(yaml);
    EXPECT_EQ(require.problems, "");
    int status = require.ask(*this);
    return std::to_string(status) + " " + std::string(ex.detail);
  }
  std::string_view groups[2] = {"partners", "eu"};
  std::string_view scopes[2] = {"orders:read", "orders:write"};
  chain::Claim claims[2] = {{"tier", "gold"}, {"roles", R"(["a","b"])"}};
};

TEST(RequireFilter, WantsOneOfTheGroups) {
  EXPECT_EQ(Request().ask("require: {groups: partners}"), "204 ");
  EXPECT_EQ(Request().ask("require: {groups: [staff, eu]}"), "204 ");
  EXPECT_EQ(Request().ask("require: {groups: [staff]}"),
            "403 the caller is in none of the groups that may do this");
}

TEST(RequireFilter, WantsAllOfTheScopes) {
  EXPECT_EQ(Request().ask("require: {scopes: [orders:write, orders:read]}"), "204 ");
  EXPECT_EQ(Request().ask("require: {scopes: [orders:read, orders:delete]}"),
            "403 the scope `orders:delete` is missing");
}

TEST(RequireFilter, WantsOneOfTheTextsOfEachClaim) {
  EXPECT_EQ(Request().ask("require: {claims: {tier: [gold, platinum], roles: b}}"), "204 ");
  EXPECT_EQ(Request().ask("require: {claims: {tier: platinum}}"),
            "403 the claim `tier` does not say what is needed");
  EXPECT_THAT(Request().ask("require: {claims: {other: x}}"), HasSubstr("403"));
}

TEST(RequireFilter, LetsCallersInAtTheTimesThatAConditionSays) {
  Request request;  // at 2023-11-14T22:13:20Z
  std::string_view until = "require: {when: 'request.time < timestamp(\"2023-11-14T22:13:30Z\")'}";
  EXPECT_EQ(request.ask(until), "204 ");

  request.clock.advance(std::chrono::seconds(2));  // 14 of the wall
  EXPECT_EQ(request.ask(until), "403 the condition for this does not hold");
}

TEST(RequireFilter, WantsAllThatIsWritten) {
  EXPECT_EQ(Request().ask("require: {groups: eu, scopes: [orders:read], claims: {tier: gold}}"), "204 ");
  EXPECT_THAT(Request().ask("require: {groups: eu, claims: {tier: silver}}"), HasSubstr("403"));
}

// 403 would say that no credential helps.
TEST(RequireFilter, AsksForACredentialOfWhoShowedNone) {
  Request anonymous;
  std::string_view challenges[] = {"ApiKey realm=\"x\"", ""};
  anonymous.ex.identity.method = "anonymous";
  anonymous.ex.identity.challenges = challenges;
  EXPECT_THAT(anonymous.ask("require: {groups: staff}"), HasSubstr("401"));
  EXPECT_EQ(anonymous.ex.reason, Reason::unauthenticated);
  EXPECT_EQ(test::values(anonymous.response().fields, "WWW-Authenticate"), "ApiKey realm=\"x\"");

  Request nobody;
  nobody.ex.identity = {};
  EXPECT_THAT(nobody.ask("require: {groups: staff}"), HasSubstr("401"));
}

TEST(RequireFilter, WantsAConditionToHold) {
  constexpr const char* kTenant = "require: {when: 'claim.tier == \"gold\" && \"eu\" in consumer.groups'}";
  EXPECT_EQ(Request().ask(kTenant), "204 ");
  Request other;
  other.claims[0].text = "silver";
  EXPECT_EQ(other.ask(kTenant), "403 the condition for this does not hold");
  EXPECT_THAT(Request().ask("require: {groups: staff, when: 'claim.tier == \"gold\"'}"), HasSubstr("403"));
  EXPECT_THAT(Request().ask("require: {when: 'claim.none != \"x\" && has(claim.none)'}"), HasSubstr("403"));
}

// Where it does not matter who calls, no credential helps and nobody has to have found out.
TEST(RequireFilter, MayAskForSomethingOfTheRequestAlone) {
  constexpr const char* kHost = "require: {when: 'header[\"x-a\"] == \"1\"'}";
  Request nobody;
  nobody.ex.identity = {};
  EXPECT_THAT(nobody.ask(kHost), HasSubstr("403"));
  std::string problems;
  auto require = test::bound(kHost, problems).filter;
  chain::Written alone{"require", "require", require.value().get()};
  EXPECT_THAT(chain::object_to_order(std::vector{alone}, ""), testing::IsEmpty());
}

TEST(RequireFilter, MayNotBeEmpty) {
  EXPECT_THAT(Chained("require: {}").problems, HasSubstr("groups"));
  EXPECT_THAT(Chained("require: {when: 'claim.x =='}").problems, HasSubstr("when"));
  EXPECT_NE(Chained("require: {groups: []}").problems, "");
}

TEST(RequireFilter, NeedsAFilterBeforeItThatFindsOutWhoCalls) {
  std::string problems;
  auto require = test::bound("require: {groups: a}", problems).filter;
  auto key = test::bound("api_key: {header: X-A}", problems).filter;
  chain::Written alone{"require", "require", require.value().get()},
      first{"api_key", "key", key.value().get()};

  auto objections = chain::object_to_order(std::vector{alone}, "");
  ASSERT_EQ(objections.size(), 1u);
  EXPECT_EQ(objections[0].severity, config::Severity::error);
  EXPECT_THAT(chain::object_to_order(std::vector{first, alone}, ""), testing::IsEmpty());
}

}  // namespace
}  // namespace sluice::filters::require_test
