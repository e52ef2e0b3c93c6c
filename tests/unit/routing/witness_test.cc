// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/routing/connection_conditions.h"
#include "gateway/routing/request_conditions.h"
#include "gateway/routing/table_builder.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::witness_test {
namespace {

// Of the last finding about the routes.
std::string witness_of(std::vector<RouteMatches> routes) {
  auto findings = build_table(routes).findings;
  return findings.empty() ? "no finding" : findings.back().witness;
}

TEST(Witness, FitsHostMethodAndPathOfBoth) {
  EXPECT_EQ(witness_of({route("a", match("api.example.com", "/a/b", {"POST"})),
                        route("b", match("api.example.com", "/a/b", {"GET", "POST"}))}),
            "POST http://api.example.com/a/b");
  EXPECT_EQ(witness_of({route("a", match("*.example.com", "/{x}/**")),
                        route("b", match("*.example.com", "/{y}/**"))}),
            "GET http://x.example.com/x/x");
  EXPECT_EQ(witness_of({route("/**"), route("/**")}), "GET http://x.example.com/x");
}

TEST(Witness, IsOneThatNoThirdRouteTakes) {
  EXPECT_EQ(witness_of({route("/{a}"), route("/{b}"), route("/x")}), "GET http://y.example.com/y");
  EXPECT_EQ(witness_of({route("a", match("*.com", "/")), route("b", match("*.com", "/")),
                        route("c", match("x.com", "/**"))}),
            "GET http://y.com/");
}

TEST(Witness, IsNoneForAnExpressionWithoutAnEasyMatch) {
  EXPECT_EQ(witness_of({route("~ /.*z"), route("~ /.*z")}), "");
}

TEST(Witness, HasWhatTheConditionsOfBothAskFor) {
  auto with = [](std::vector<std::shared_ptr<const Condition>> conditions) {
    Match m = match("", "/a");
    m.conditions = std::move(conditions);
    return m;
  };
  auto a = header_condition("X-A", ValueRule::exactly({"1"}));
  auto b = cookie_condition("b", ValueRule::present());
  auto not_two = header_condition("X-A", ValueRule::exactly({"2"}).negated());

  EXPECT_EQ(witness_of({route("a", with({a})), route("b", with({b}))}),
            "GET http://x.example.com/a with X-A: 1 and Cookie: b=x");
  EXPECT_EQ(witness_of({route("a", with({a})), route("b", with({not_two}))}),
            "GET http://x.example.com/a with X-A: 1");
  EXPECT_EQ(witness_of({route("a", with({listener_condition({"x"})})), route("b", with({}))}), "");
}

TEST(Witness, NamesAnExtensionMethod) {
  EXPECT_EQ(witness_of({route("/a", {"PURGE"}), route("/a", {"PURGE"})}), "PURGE http://x.example.com/a");
}

}  // namespace
}  // namespace sluice::routing::witness_test
