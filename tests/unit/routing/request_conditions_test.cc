// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/request_conditions.h"

#include <gtest/gtest.h>

#include "tests/unit/routing/request.h"

namespace sluice::routing::request_conditions_test {
namespace {

ValueRule is(std::string text) { return ValueRule::exactly({std::move(text)}); }

TEST(HeaderCondition, LooksAtTheHeaderOfItsName) {
  auto condition = header_condition("X-Tenant", is("acme"));

  EXPECT_TRUE(condition->fits(Request("/").with("x-tenant", "acme").head()));
  EXPECT_FALSE(condition->fits(Request("/").with("X-Tenant", "Acme").head()));
  EXPECT_FALSE(condition->fits(Request("/").with("X-Tenants", "acme").head()));
  EXPECT_FALSE(condition->fits(Request("/").head()));
  EXPECT_TRUE(header_condition("accept", is("a/b"))->fits(Request("/").with("Accept", "a/b").head()));
  EXPECT_FALSE(header_condition("accept", is("a/b"))->fits(Request("/").with("X-Accept", "a/b").head()));
}

TEST(HeaderCondition, TakesSeveralLinesAsOneValue) {
  auto one = header_condition("X-A", is("a")), both = header_condition("X-A", is("a, b"));
  Request request("/");
  request.with("X-A", "a").with("Other", "x").with("x-a", "b");

  EXPECT_FALSE(one->fits(request.head()));
  EXPECT_TRUE(both->fits(request.head()));
  EXPECT_TRUE(header_condition("X-A", is("a").negated())->fits(request.head()));
  EXPECT_TRUE(header_condition("X-A", ValueRule::present())->fits(request.head()));
}

TEST(HeaderCondition, SeesNoDroppedLine) {
  base::Arena arena;
  http::RequestHead head(arena);
  head.fields.add("X-A", "a");
  head.fields.remove("X-A");

  EXPECT_TRUE(header_condition("X-A", ValueRule::present().negated())->fits(head));
}

TEST(HeaderCondition, KnowsTheProtocolThatIsAskedFor) {
  base::Arena arena;
  http::RequestHead head(arena);
  auto condition = header_condition("upgrade", is("websocket"));
  EXPECT_FALSE(condition->fits(head));
  EXPECT_TRUE(header_condition("Upgrade", ValueRule::present().negated())->fits(head));

  head.upgrade = "websocket";

  EXPECT_TRUE(condition->fits(head));
}

TEST(QueryCondition, LooksAtTheFirstParameterDecoded) {
  auto condition = query_condition("a b", is("x&y z"));

  EXPECT_TRUE(condition->fits(Request("/").query("a%20b=x%26y+z").head()));
  EXPECT_TRUE(condition->fits(Request("/").query("q=1&a+b=x%26y%20z&a+b=other").head()));
  EXPECT_FALSE(condition->fits(Request("/").query("a+b=other&a+b=x%26y+z").head()));
  EXPECT_FALSE(condition->fits(Request("/").head()));
  EXPECT_TRUE(query_condition("dry", is(""))->fits(Request("/").query("dry").head()));
  EXPECT_FALSE(query_condition("Dry", ValueRule::present())->fits(Request("/").query("dry").head()));
}

TEST(CookieCondition, LooksAtTheFirstCookieOfItsName) {
  auto condition = cookie_condition("side", is("b"));

  EXPECT_TRUE(condition->fits(Request("/").with("Cookie", "x=1; side=b; side=a").head()));
  EXPECT_TRUE(condition->fits(Request("/").with("Cookie", "x=1").with("Cookie", "side=b").head()));
  EXPECT_FALSE(condition->fits(Request("/").with("Cookie", "side=a; side=b").head()));
  EXPECT_FALSE(condition->fits(Request("/").head()));
  EXPECT_TRUE(cookie_condition("side", ValueRule::present().negated())->fits(Request("/").head()));
}

TEST(RequestConditions, RankTheirMatch) {
  using Kind = Condition::Kind;
  EXPECT_EQ(header_condition("a", is("b"))->kind(), Kind::header);
  EXPECT_EQ(cookie_condition("a", is("b"))->kind(), Kind::header);
  EXPECT_EQ(query_condition("a", is("b"))->kind(), Kind::query);
}

TEST(RequestConditions, ExcludeOnlyWhatIsAboutTheSameValue) {
  auto a = header_condition("X-A", is("1"));
  EXPECT_TRUE(a->excludes(*header_condition("x-a", is("2"))));
  EXPECT_FALSE(a->excludes(*header_condition("X-A", ValueRule::present())));
  EXPECT_FALSE(a->excludes(*header_condition("X-B", is("2"))));
  EXPECT_FALSE(a->excludes(*query_condition("X-A", is("2"))));
  EXPECT_FALSE(query_condition("a", is("1"))->excludes(*query_condition("A", is("2"))));
  EXPECT_FALSE(cookie_condition("a", is("1"))->excludes(*header_condition("a", is("2"))));
  EXPECT_TRUE(cookie_condition("a", is("1"))->excludes(*cookie_condition("a", is("2"))));
}

TEST(RequestConditions, MakeAnExampleThatTheyFit) {
  Example example("GET", "h", "/");
  std::string error;
  auto digits = ValueRule::matching(ValueRule::compile("[0-9]+", error));
  std::vector<std::shared_ptr<const Condition>> all{
      header_condition("X-A", ValueRule::present()), query_condition("q r", is("a&b")),
      cookie_condition("c", digits), header_condition("X-B", is("1").negated())};

  for (const auto& c : all) EXPECT_TRUE(c->meet(example));

  for (const auto& c : all) EXPECT_TRUE(c->fits(example.head())) << c->text();
  EXPECT_EQ(example.text(), "GET http://h/?q%20r=a%26b with X-A: x and Cookie: c=0");
}

TEST(RequestConditions, AreShownInWords) {
  EXPECT_EQ(header_condition("X-A", is("1"))->text(), "header X-A: 1");
  EXPECT_EQ(query_condition("q", ValueRule::present().negated())->text(), "query q: absent");
  EXPECT_EQ(cookie_condition("c", ValueRule::present())->text(), "cookie c: present");
  EXPECT_EQ(header_condition("X-Token", is("1"))->text(), "header X-Token: ***");
  EXPECT_EQ(query_condition("key", ValueRule::present())->text(), "query key: present");
}

}  // namespace
}  // namespace sluice::routing::request_conditions_test
