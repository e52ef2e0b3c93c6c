// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/chained.h"
#include "tests/support/consumers.h"
#include "tests/support/fake_forwarder.h"

namespace sluice::filters::all_test {
namespace {

using test::Chained;
using test::FakeExchange;
using testing::HasSubstr;

constexpr const char* kBoth = "all: [{api_key: {header: X-A, realm: a}}, {api_key: {header: X-B, realm: b}}]";

struct Request : FakeExchange {
  Request() {
    static const test::Consumers known(
        "[{name: acme, groups: g, api_keys: [\"" + test::digest_of("one") + "\", {name: second, key: \"" +
        test::digest_of("two") + "\"}]}, {name: other, api_keys: \"" + test::digest_of("theirs") + "\"}]");
    ex.consumers = &known.table;
  }
  Request& with(std::string_view name, std::string_view value) {
    request().fields.add(name, value);
    return *this;
  }
};

TEST(AllFilter, NeedsEachOfThem) {
  Chained all(kBoth);
  ASSERT_EQ(all.problems, "");
  Request both, first, second;
  EXPECT_EQ(all.ask(both.with("X-A", "one").with("X-B", "two")), 204);
  EXPECT_EQ(both.ex.identity.consumer, "acme");
  EXPECT_THAT(both.ex.identity.groups, testing::ElementsAre("g")) << "once";
  EXPECT_EQ(test::lines(both.request().fields), "");
  EXPECT_EQ(all.ask(first.with("X-A", "one")), 401);
  EXPECT_EQ(test::values(first.response().fields, "WWW-Authenticate"), "ApiKey realm=\"b\"");
  EXPECT_FALSE(first.ex.identity);
  EXPECT_EQ(all.ask(second.with("X-B", "two")), 401);
  EXPECT_EQ(test::values(second.response().fields, "WWW-Authenticate"), "ApiKey realm=\"a\"");
}

TEST(AllFilter, ForbidsTheCredentialsOfTwoConsumers) {
  Chained all(kBoth);
  Request r;
  EXPECT_EQ(all.ask(r.with("X-A", "one").with("X-B", "theirs")), 403);
  EXPECT_FALSE(r.ex.identity);
}

TEST(AllFilter, LetsEachOfThemTellTheUpstreamWhatItKnows) {
  test::answer_calls_with(200, {{"X-User", "alice"}, {"X-Role", "boss"}});
  Chained all("all: [{forward_auth: {to: auth, copy: X-User}}, {forward_auth: {to: auth, copy: X-Role}}]");
  ASSERT_EQ(all.problems, "");
  Request r;

  EXPECT_EQ(all.ask(r.with("X-User", "mallory")), 204);

  EXPECT_EQ(test::lines(r.request().fields), "X-User: alice\nX-Role: boss\n");
}

TEST(AllFilter, IsMadeOfFiltersThatFindOutWhoCalls) {
  EXPECT_THAT(Chained("all: [{headers: {request: {remove: X-A}}}]").problems,
              HasSubstr("does not find out who calls"));
}

}  // namespace
}  // namespace sluice::filters::all_test
