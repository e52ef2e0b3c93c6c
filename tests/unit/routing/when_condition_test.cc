// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/when_condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/http/stream.h"

#include "tests/unit/routing/request.h"

namespace sluice::routing::when_condition_test {
namespace {

using testing::HasSubstr;

std::shared_ptr<const Condition> when(std::string_view text) {
  auto made = when_condition(text);
  if (auto* fault = std::get_if<expression::Fault>(&made)) throw std::runtime_error(fault->message);
  return std::get<std::shared_ptr<const Condition>>(std::move(made));
}
std::string fault(std::string_view text) {
  auto made = when_condition(text);
  auto* fault = std::get_if<expression::Fault>(&made);
  return fault ? fault->message + " | " + fault->hint : "none";
}

TEST(WhenCondition, LooksAtTheRequest) {
  Request request("POST", "api.example.com", "/a/b");
  request.query("q=x%20y&q=z").with("X-Tier", "gold").with("Cookie", "c=1");

  for (auto text : {"request.method == \"POST\"", "request.host.endsWith(\".example.com\")",
                    "request.path.startsWith(\"/a/\")", "query.q == \"x y\"", "query[\"q\"] != \"z\"",
                    "header[\"x-tier\"] in [\"gold\", \"silver\"]",
                    "cookie.c == \"1\" && header.none == \"\"", "request.query.contains(\"q=z\")"})
    EXPECT_TRUE(when(text)->fits(request.head())) << text;
  EXPECT_FALSE(when("header.x == \"1\"")->fits(request.head()));
}

// As match.header does: a second line can hide no first one, nor be hidden by it.
TEST(WhenCondition, LooksAtAllLinesOfAHeader) {
  Request request("/");
  request.with("X-Tier", "gold").with("X-Tier", "free");

  EXPECT_TRUE(when("header[\"x-tier\"] == \"gold, free\"")->fits(request.head()));
  EXPECT_FALSE(when("header[\"x-tier\"] == \"gold\"")->fits(request.head()));
}

TEST(WhenCondition, LooksAtTheConnection) {
  Request request("/");
  http::ListenerFacts listener;
  listener.name = "public";
  listener.scheme = "https";
  net::TlsFacts tls;
  tls.sni = "a.com";
  http::ConnectionFacts facts;
  facts.listener = &listener;
  facts.peer = *net::Address::parse("192.0.2.7", 1);
  facts.tls = &tls;
  auto condition = when(
      "client.ip == \"192.0.2.7\" && listener.name == \"public\" && request.scheme == \"https\" && tls.sni "
      "== "
      "\"a.com\"");

  EXPECT_TRUE(condition->fits({request.head(), &facts}));
  EXPECT_FALSE(condition->fits(request.head()));
}

TEST(WhenCondition, KnowsNothingOfWhoCalls) {
  for (auto text : {"claim.tier == \"gold\"", "consumer.name == \"a\"", "\"a\" in consumer.groups"})
    EXPECT_THAT(fault(text),
                HasSubstr("who calls is not known yet when a route is chosen | use the handler `branch`"));
}

TEST(WhenCondition, KnowsNoTime) {
  EXPECT_EQ(fault("request.time < timestamp(\"2027-01-31\")"),
            "routes are chosen without a clock | use the handler `branch`");
}

TEST(WhenCondition, SaysWhatIsWrong) {
  EXPECT_THAT(fault("request.methd == \"GET\""), HasSubstr("did you mean \"request.method\""));
  EXPECT_THAT(fault("path.id == \"1\""), HasSubstr("`path.id` is nothing that a match can look at"));
  EXPECT_NE(fault("request.method"), "none");
  EXPECT_NE(fault("header"), "none");
  EXPECT_NE(fault("request.method =="), "none");
}

TEST(WhenCondition, DoesNotRankItsMatch) {
  EXPECT_EQ(when("request.method == \"GET\"")->kind(), Condition::Kind::other);
  EXPECT_EQ(when("request.method == \"GET\"")->text(), "when request.method == \"GET\"");
}

}  // namespace
}  // namespace sluice::routing::when_condition_test
