// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/as_asked.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::query_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;

// The query of a request to this target afterwards; "-" if there is none.
std::string edited(std::string_view settings, std::string_view target,
                   std::vector<chain::Capture> captures = {}) {
  std::vector<std::string> names;
  for (const auto& c : captures) names.emplace_back(c.name);
  auto built = test::filter("query: " + std::string(settings), names);
  EXPECT_EQ(built.problems, "");
  if (!built.made) return "";
  FakeExchange fake(target);
  fake.captures(std::move(captures));
  EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);
  return fake.request().has_query ? std::string(fake.request().query) : "-";
}

TEST(Query, RemovesByNameAndPattern) {
  EXPECT_EQ(edited("{remove: [\"utm_*\", x]}", "/?a=1&utm_source=s&x&b=2&UTM_y=3"), "a=1&b=2&UTM_y=3");
  EXPECT_EQ(edited("{remove: \"*\"}", "/?a=1&b"), "-");
}

TEST(Query, ComparesDecodedNamesAndKeepsBytesThatItDoesNotTouch) {
  EXPECT_EQ(edited("{remove: [\"a b\"]}", "/?a+b=1&a%20b=2&c=%2f+%2F"), "c=%2f+%2F");
}

TEST(Query, KeepsOnlyWhatIsListed) {
  EXPECT_EQ(edited("{keep: [page, \"filter.*\"]}", "/?page=2&Page=3&filter.a=1&debug=1"),
            "page=2&filter.a=1");
  EXPECT_EQ(edited("{keep: page}", "/"), "-");
}

TEST(Query, Renames) {
  EXPECT_EQ(edited("{rename: {q: \"search term\", none: x}}", "/?q=a%26b&p&q"),
            "search%20term=a%26b&p&search%20term");
}

TEST(Query, RenamesEachOnce) {
  EXPECT_EQ(edited("{rename: {a: b, b: c}}", "/?a=1&b=2"), "b=1&c=2");
  EXPECT_EQ(edited("{rename: {a: b, b: a}}", "/?a=1&b=2"), "b=1&a=2");
}

TEST(Query, SetsOneInPlaceOfAll) {
  EXPECT_EQ(edited("{set: {a: new}}", "/?x=1&a=2&y=3&%61=4"), "x=1&a=new&y=3");
  EXPECT_EQ(edited("{set: {a: new}}", "/"), "a=new");
}

TEST(Query, AddsAndFillsIn) {
  EXPECT_EQ(edited("{add: {a: \"2\"}}", "/?a=1"), "a=1&a=2");
  EXPECT_EQ(edited("{default: {a: \"2\", b: \"3\"}}", "/?a="), "a=&b=3");
}

TEST(Query, EncodesWhateverAVariableHolds) {
  EXPECT_EQ(edited("{set: {id: \"x ${path.id}\", c: \"${query.b}\"}}", "/?b=1%262+3", {{"id", "a&b%2Fc"}}),
            "b=1%262+3&id=x%20a%26b%2Fc&c=1%262%203");
}

TEST(Query, WorksInTheOrderThatItSays) {
  EXPECT_EQ(
      edited("{keep: [a, b], remove: b, rename: {a: c}, default: {c: \"9\", d: \"1\"}, add: {d: \"2\"}}",
             "/?a=1&b=2&e=3"),
      "c=1&d=1&d=2");
}

TEST(Query, LeavesRequestsWithoutAPathAlone) {
  FakeExchange fake("*", "OPTIONS");
  auto built = test::filter("query: {add: {a: \"1\"}}");
  EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);
  EXPECT_FALSE(fake.request().has_query);
}

TEST(Query, IsStillKnownAsTheClientSentIt) {
  FakeExchange fake("/?a=1");
  auto built = test::filter("query: {set: {key: secret}}");
  EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);

  EXPECT_EQ(fake.request().query, "a=1&key=secret");
  EXPECT_EQ(chain::client_line(fake.ex).query, "a=1");
}

TEST(Query, RefusesSettingsThatMakeNoSense) {
  EXPECT_THAT(test::filter("query: {}").problems, HasSubstr("at least one"));
  EXPECT_THAT(test::filter("query: {add: {user: \"${consumer.id}\"}}").problems,
              HasSubstr("a client could write it itself"));
  EXPECT_EQ(test::filter("query: {set: {user: \"${consumer.id}\"}}").problems, "");
  EXPECT_THAT(test::filter("query: {set: {id: \"${path.id}\"}}").problems, HasSubstr("captures no `id`"));
}

}  // namespace
}  // namespace sluice::filters::query_test
