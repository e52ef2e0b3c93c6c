// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/condition.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::chain::condition_test {
namespace {

using expression::Fault;
using expression::Value;

std::string fault(std::string_view text, Condition::More* more = nullptr) {
  auto made = Condition::compile(text, more);
  auto* fault = std::get_if<Fault>(&made);
  return fault ? std::to_string(fault->offset + 1) + ": " + fault->message + "; " + fault->hint : "";
}

class ConditionHolds : public testing::Test {
 protected:
  ConditionHolds() {
    fake.request().fields.add("X-Tier", "gold");
    fake.captures({{"id", "a%20b"}});
    fake.ex.identity.groups = groups;
  }
  bool holds(std::string_view text) {
    auto made = Condition::compile(text);
    if (auto* f = std::get_if<Fault>(&made)) {
      ADD_FAILURE() << text << ": " << f->message;
      return false;
    }
    return std::get<Condition>(made).holds(fake.ex);
  }
  std::string_view groups[2] = {"admin", "dev"};
  test::FakeExchange fake{"/users/a%20b?full=1&name=Ann+Lee", "GET"};
};

TEST_F(ConditionHolds, AboutTheRequest) {
  EXPECT_TRUE(holds("header[\"x-tier\"] == \"gold\""));
  EXPECT_TRUE(holds("query.full == '1' && request.method == 'GET'"));
  EXPECT_TRUE(holds("query.name == 'Ann Lee' && path.id == 'a b'"));
  EXPECT_TRUE(holds("request.host.endsWith('.example.com')"));
  EXPECT_TRUE(holds("client.ip.startsWith('192.0.2.')"));
  EXPECT_FALSE(holds("header.authorization == 'x'"));
}

TEST_F(ConditionHolds, AboutWhatIsNotThere) {
  EXPECT_FALSE(holds("has(header.authorization)"));
  EXPECT_TRUE(holds("has(header[\"x-tier\"]) && !has(query.nothing)"));
  EXPECT_TRUE(holds("query.nothing != 'x'"));
}

TEST_F(ConditionHolds, AboutTheCaller) {
  EXPECT_TRUE(holds("'admin' in consumer.groups"));
  EXPECT_FALSE(holds("'root' in consumer.groups"));
  EXPECT_TRUE(holds("size(consumer.scopes) == 0"));
}

// It is 2023-11-14T22:13:20Z, a Tuesday.
TEST_F(ConditionHolds, AboutTheTime) {
  EXPECT_TRUE(holds("request.time.getHours() == 22 && request.time.getHours('Europe/Berlin') == 23"));
  EXPECT_TRUE(holds("request.time.getDayOfWeek() == 2 && request.time > timestamp('2023-11-14')"));
  EXPECT_FALSE(holds("request.time >= timestamp('2023-11-14T22:13:27Z')"));
  fake.clock.advance(std::chrono::seconds(1));  // seven of the wall
  EXPECT_TRUE(holds("request.time >= timestamp('2023-11-14T22:13:27Z')"));
  EXPECT_TRUE(holds("has(request.time)"));
}

TEST(Condition, SaysWhatItDoesNotKnow) {
  EXPECT_EQ(fault("heder.x == 'a'"),
            "1: `heder` is nothing that a condition can look at; did you mean \"header\"?");
  EXPECT_EQ(fault("true && request.nothing == 'a'"),
            "9: `request.nothing` is nothing that a condition can look at; ");
  EXPECT_EQ(fault("header == 'a'"),
            "1: `header` is nothing that a condition can look at; a name behind it says what: `header.x`");
  EXPECT_THAT(fault("header.x == 1"), testing::HasSubstr("`==` compares a text with a number"));
  EXPECT_THAT(fault("consumer.groups == 'x'"), testing::HasSubstr("compares a list with a text"));
}

TEST(Condition, TellsWhatItLooksAt) {
  auto made = Condition::compile("claim.tier == 'x' && has(query.y) && 'a' in consumer.groups");

  EXPECT_EQ(std::get<Condition>(made).names(),
            (std::vector<std::string_view>{"claim.", "query.", "consumer.groups"}));
  EXPECT_TRUE(Condition().names().empty());
  auto timed = std::get<Condition>(Condition::compile("request.time < timestamp('2027-01-31')"));
  EXPECT_EQ(timed.names(), (std::vector<std::string_view>{"request.time"}));
  EXPECT_FALSE(timed.about_identity());
}

TEST(Condition, TakesWhatAHandlerAdds) {
  struct Calls final : Condition::More, expression::Values {
    bool knows(std::string_view root) const override { return root == "user"; }
    std::vector<std::string> roots() const override { return {"user"}; }
    std::variant<expression::Symbol, Fault> find(std::span<const expression::Part> path) override {
      if (path.size() < 2) return Fault{0, "nothing behind user", ""};
      return expression::Symbol{expression::Type::any, 7};
    }
    Value value(std::uint32_t slot) const override {
      return slot == 7 ? Value::of(std::int64_t{3}) : Value();
    }
  } calls;
  test::FakeExchange fake;

  auto made = Condition::compile("user.age > 2 && request.method == 'GET'", &calls);

  ASSERT_TRUE(std::holds_alternative<Condition>(made));
  EXPECT_TRUE(std::get<Condition>(made).holds(fake.ex, &calls));
  EXPECT_FALSE(std::get<Condition>(made).holds(fake.ex));
  EXPECT_EQ(fault("user > 2", &calls), "1: nothing behind user; ");
  EXPECT_THAT(fault("usr.age > 2", &calls), testing::HasSubstr("did you mean \"user\""));
}

}  // namespace
}  // namespace sluice::chain::condition_test
