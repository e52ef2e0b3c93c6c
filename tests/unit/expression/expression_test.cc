// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/expression.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>

#include "gateway/expression/moment.h"

namespace sluice::expression::expression_test {
namespace {

class Tags final : public Collection {
 public:
  std::size_t size() const noexcept override { return 2; }
  bool contains(const Value& v) const noexcept override {
    return equal(v, Value::of(std::string_view("a"))) || equal(v, Value::of(std::int64_t{7}));
  }
};
const Tags kTags;

// `text.NAME`, `number.NAME` and so on have that type, `any.NAME` has none; what a NAME says is in the table.
struct Facts final : Names, Values {
  std::variant<Symbol, Fault> find(std::span<const Part> path) override {
    const std::map<std::string, Type> types{{"text", Type::text},    {"number", Type::number},
                                            {"any", Type::any},      {"list", Type::collection},
                                            {"bool", Type::boolean}, {"time", Type::time}};
    auto type = types.find(path[0].name);
    if (type == types.end()) return Fault{0, "`" + path[0].name + "` is unknown", "a hint"};
    std::string name;
    for (const Part& s : path.subspan(1)) name += "/" + (s.index ? std::to_string(*s.index) : s.name);
    names.push_back(name);
    return Symbol{type->second, static_cast<std::uint32_t>(names.size() - 1)};
  }
  Value value(std::uint32_t slot) const override {
    const std::map<std::string, Value> values{{"/gold", Value::of(std::string_view("gold"))},
                                              {"/x-tier", Value::of(std::string_view("gold"))},
                                              {"/seven", Value::of(std::int64_t{7})},
                                              {"/half", Value::of(0.5)},
                                              {"/null", Value::null()},
                                              {"/yes", Value::of(true)},
                                              {"/no", Value::of(false)},
                                              {"/umlaut", Value::of(std::string_view("\xC3\xBC"))},
                                              {"/bytes", Value::of(std::string_view("<\xFF\n>"))},
                                              {"/users/0/name", Value::of(std::string_view("ann"))},
                                              {"/noon", time_of("2026-07-15T10:00:00Z")},  // in Berlin
                                              {"/written", Value::of(std::string_view("2026-07-15"))},
                                              {"/tags", Value::of(kTags)}};
    auto found = values.find(names[slot]);
    return found == values.end() ? Value() : found->second;
  }
  std::vector<std::string> names;
};

bool holds(std::string_view text) {
  Facts facts;
  auto made = Expression::compile(text, facts);
  if (auto* fault = std::get_if<Fault>(&made)) {
    ADD_FAILURE() << text << ": " << fault->message;
    return false;
  }
  return std::get<Expression>(made).holds(facts);
}
// "7: message; hint", columns from one; "" if the text is good.
std::string fault(std::string_view text) {
  Facts facts;
  auto made = Expression::compile(text, facts);
  auto* fault = std::get_if<Fault>(&made);
  if (!fault) return "";
  return std::to_string(fault->offset + 1) + ": " + fault->message +
         (fault->hint.empty() ? "" : "; " + fault->hint);
}

TEST(Expression, IsTrueForWhatIsSo) {
  for (std::string_view text : {"text.gold == 'gold'",
                                "text[\"x-tier\"] == \"gold\"",
                                "text.gold != 'silver'",
                                "number.seven > 6 && number.seven <= 7",
                                "number.half < 1",
                                "number.half >= 0.5",
                                "any.seven == 7",
                                "any.gold in ['silver', 'gold']",
                                "any.null == null",
                                "any.gold != null",
                                "any.users[0].name == 'ann'",
                                "bool.yes",
                                "!(bool.no || bool.no)",
                                "bool.yes && !bool.no",
                                "has(any.gold)",
                                "!has(any.nothing)",
                                "size(any.gold) == 4",
                                "text.gold.size() == 4",
                                "size(text.umlaut) == 1",
                                "size(list.tags) == 2",
                                "'a' in list.tags",
                                "7 in list.tags",
                                "!('b' in list.tags)",
                                "text.gold.startsWith('go')",
                                "text.gold.endsWith('ld')",
                                "text.gold.contains('ol')",
                                "text.gold.matches('^g.*d$')",
                                "'gold'.matches('o')",
                                "text.umlaut.matches('^.$')",
                                "text.umlaut.matches('^[\xC3\xBC]$')",
                                "text.bytes.matches('^<.*>$')",
                                "\"tab\\t\\\"\".size() == 5",
                                "( ( 1 < 2 ) )"}) {
    EXPECT_TRUE(holds(text)) << text;
  }
}

TEST(Expression, IsNotTrueForWhatIsNotSo) {
  for (std::string_view text :
       {"false", "1 == 2", "text.gold == 'silver'", "any.gold == 7", "any.gold < 7", "bool.no",
        "any.gold in ['silver']", "text.gold.matches('^o')", "text.gold.startsWith('gold!')"})
    EXPECT_FALSE(holds(text)) << text;
}

TEST(Expression, IsNotTrueForWhatHasNoValue) {
  for (std::string_view text :
       {"any.nothing == 'x'", "any.nothing != 'x'", "!any.nothing", "any.nothing < 1", "any.gold && true",
        "any.nothing in ['x']", "'x' in any.gold", "size(any.seven) == 0", "any.seven.startsWith('7')"})
    EXPECT_FALSE(holds(text)) << text;
}

TEST(Expression, Calculates) {
  for (std::string_view text : {"1 + 2 * 3 == 7",
                                "(1 + 2) * 3 == 9",
                                "7 - 2 - 1 == 4",
                                "7 / 2 == 3",
                                "-7 / 2 == -3",
                                "-7 % 3 == -1",
                                "7 / 2.0 == 3.5",
                                "1 + 0.5 == 1.5",
                                "number.seven % 2 == 1",
                                "number.seven-1==6",
                                "-number.seven < 0",
                                "- -7 == 7",
                                "!(1 - -1 != 2)",
                                "any.seven * 2 >= size(list.tags) + 12",
                                "'a' + 'b' == 'ab'",
                                "text.gold + '!' in ['gold!']",
                                "(text.gold + 'en').startsWith('golden')",
                                "size(any.gold + any.gold) == 8",
                                "-9223372036854775808 < -9223372036854775807",
                                "9007199254740993 - 9007199254740992 == 1"})
    EXPECT_TRUE(holds(text)) << text;
}

TEST(Expression, IsNotTrueForWhatCannotBeCalculated) {
  for (std::string_view calculation :
       {"9223372036854775807 + 1", "-9223372036854775808 - 1", "9223372036854775807 * 2",
        "-(-9223372036854775808)", "-9223372036854775808 / -1", "-9223372036854775808 % -1", "1 / 0", "1 % 0",
        "1 / 0.0", "1e308 * 10", "5.5 % 2", "any.nothing + 1", "any.gold + 1", "any.gold - any.gold",
        "any.null + any.null", "-any.gold"}) {
    std::string c(calculation);
    EXPECT_FALSE(holds(c + " == 0 || " + c + " != 0")) << c;
    EXPECT_FALSE(holds("!(" + c + " == 0)")) << c;
    EXPECT_TRUE(holds(c + " == 0 || true")) << c;
  }
}

TEST(Expression, MakesNoEndlessTexts) {
  std::string long_text = "'" + std::string(40'000, 'x') + "'";
  EXPECT_TRUE(holds("size(" + long_text + " + text.gold) == 40004"));
  EXPECT_FALSE(holds("size(" + long_text + " + " + long_text + ") > 0"));
}

TEST(Expression, DecidesByOneSideIfThatIsEnough) {
  EXPECT_TRUE(holds("any.nothing == 1 || true"));
  EXPECT_TRUE(holds("true || any.nothing == 1"));
  EXPECT_TRUE(holds("!(any.nothing == 1 && false)"));
  EXPECT_FALSE(holds("any.nothing == 1 || false"));
}

TEST(Expression, BindsAndTighterThanOr) {
  EXPECT_TRUE(holds("true || false && false"));
  EXPECT_FALSE(holds("(true || false) && false"));
}

TEST(Expression, ComparesTimes) {
  EXPECT_TRUE(holds("time.noon < timestamp('2026-07-15T12:00:01+02:00')"));
  EXPECT_TRUE(holds("time.noon == timestamp('2026-07-15T10:00:00Z')"));
  EXPECT_TRUE(holds("time.noon >= timestamp('2026-07-15')"));
  EXPECT_FALSE(holds("time.noon > timestamp(\"2027-01-31\")"));
  EXPECT_FALSE(holds("time.nothing < timestamp('2027-01-31')"));
}

TEST(Expression, AsksTimesForTheirParts) {
  EXPECT_TRUE(holds("time.noon.getHours() == 10 && time.noon.getHours('Europe/Berlin') == 12"));
  EXPECT_TRUE(holds("time.noon.getDayOfWeek() in [1, 2, 3, 4, 5]"));
  EXPECT_TRUE(holds("timestamp('2026-12-31T23:30:00Z').getFullYear('Europe/Berlin') == 2027"));
  EXPECT_FALSE(holds("time.nothing.getHours() < 24"));
}

TEST(Expression, ReadsTimesFromTexts) {
  EXPECT_TRUE(holds("timestamp(text.written) < time.noon && timestamp(any.written).getDate() == 15"));
  EXPECT_FALSE(holds("timestamp(text.gold) < time.noon || timestamp(text.gold) >= time.noon"));
  EXPECT_FALSE(holds("timestamp(any.seven) < time.noon"));
}

TEST(Expression, SaysWhereTimesDoNotFit) {
  EXPECT_EQ(fault("time.a < '2027-01-31'"),
            "8: `<` compares a time with a text; timestamp(\"2027-01-31T12:00:00Z\") is a time");
  EXPECT_EQ(fault("any.a == time.b"),
            "7: `==` compares any value with a time; timestamp(\"2027-01-31T12:00:00Z\") is a time");
  EXPECT_EQ(fault("time.a > timestamp('tomorrow')"),
            "20: this is no time; write a date such as 2027-01-31 or 2027-01-31T12:00:00Z");
  EXPECT_EQ(fault("time.a > timestamp(1)"), "20: `timestamp` wants a text, this is a number");
  EXPECT_EQ(fault("text.a.getHours() == 1"),
            "8: `getHours` wants a time, this is a text; timestamp() makes a time of a text");
  EXPECT_EQ(fault("any.a.getHours() == 1"),
            "7: `getHours` wants a time, this is any value; timestamp() makes a time of a text");
  EXPECT_EQ(fault("time.a.getHours('Europe/Nowhere') == 1"),
            "17: there is no time zone `Europe/Nowhere`; names are those of the IANA database, such as "
            "Europe/Berlin");
  EXPECT_EQ(fault("time.a.getHours(1) == 1"), "17: expected `)`, found `1`");
  EXPECT_EQ(fault("time.a.size() == 1"), "8: `size` wants a text or a list, this is a time");
  EXPECT_EQ(fault("time.a + 1 == 2"), "8: `+` adds numbers or joins texts, this is a time");
  EXPECT_EQ(fault("time.a"), "1: this is a time, a condition is true or false; compare it with something");
}

TEST(Expression, SaysWhereTypesDoNotFit) {
  EXPECT_EQ(
      fault("text.a == 1"),
      "8: `==` compares a text with a number; what a request says is a text: write the number in quotes");
  EXPECT_EQ(fault("true && text.a"), "9: `&&` wants true or false, this is a text");
  EXPECT_EQ(fault("!number.a"), "2: `!` wants true or false, this is a number");
  EXPECT_EQ(fault("number.a.startsWith('x')"), "10: `startsWith` wants a text, this is a number");
  EXPECT_EQ(fault("text.a.startsWith(1)"), "19: `startsWith` wants a text, this is a number");
  EXPECT_EQ(fault("1 in text.a"), "6: `in` wants a list, this is a text");
  EXPECT_EQ(fault("size(bool.a) == 1"), "6: `size` wants a text or a list, this is true or false");
  EXPECT_EQ(fault("list.a == [1]"), "8: lists cannot be compared; `in` and size() can look at them");
  EXPECT_EQ(fault("true < false"), "6: `<` compares numbers, texts or times");
  EXPECT_EQ(fault("text.a + 1 == 'x'"),
            "8: `+` joins a text and a number; what a request says is a text: write the number in quotes");
  EXPECT_EQ(fault("text.a * 2 == 4"), "1: `*` wants a number, this is a text");
  EXPECT_EQ(fault("1 - 'a' == 4"), "5: `-` wants a number, this is a text");
  EXPECT_EQ(fault("-text.a == 4"), "2: `-` wants a number, this is a text");
  EXPECT_EQ(fault("bool.a + 1 == 2"), "8: `+` adds numbers or joins texts, this is true or false");
  EXPECT_EQ(fault("list.a + [1] == 2"), "8: `+` adds numbers or joins texts, this is a list");
  EXPECT_EQ(fault("1 + 1"), "1: this is a number, a condition is true or false; compare it with something");
  EXPECT_EQ(fault("any.a + any.b"),
            "1: this is any value, a condition is true or false; compare it with something");
  EXPECT_EQ(fault("1 +"), "4: expected a value, found the end");
  EXPECT_EQ(fault("text.a"), "1: this is a text, a condition is true or false; compare it with something");
}

TEST(Expression, SaysWhereATextIsNoExpression) {
  EXPECT_EQ(fault(""), "1: expected a value, found the end");
  EXPECT_EQ(fault("1 = 1"), "3: `=` is no operator, `==` compares");
  EXPECT_EQ(fault("true & true"), "6: `&` is no operator, `&&` means and");
  EXPECT_EQ(fault("(true"), "6: expected `)`, found the end");
  EXPECT_EQ(fault("true true"), "6: expected the end or an operator, found `true`");
  EXPECT_EQ(fault("'abc"), "1: the text is not closed");
  EXPECT_EQ(fault("foo.bar == 1"), "1: `foo` is unknown; a hint");
  EXPECT_EQ(fault("foo(1)"), "1: `foo` is no function; functions are has, size and timestamp");
  EXPECT_EQ(
      fault("text.a.lower() == 'x'"),
      "8: `lower` is no method; methods are startsWith, endsWith, contains, matches and size; of times "
      "getFullYear, getMonth, getDate, getDayOfMonth, getDayOfWeek, getDayOfYear, getHours, getMinutes, "
      "getSeconds");
  EXPECT_EQ(fault("text.a.matches(text.b)"), "16: expected an expression in quotes, found `text`");
  EXPECT_EQ(fault("text.a.matches('(')"), "16: the expression is not valid: missing ): (");
  EXPECT_EQ(fault("has(1)"), "5: has() asks for a name");
  EXPECT_EQ(fault("any[x] == 1"), "5: expected a name in quotes or a whole number, found `x`");
  EXPECT_EQ(fault("12abc == 1"), "1: `12abc` is no number");
}

TEST(Expression, RefusesWhatIsNestedTooDeeply) {
  std::string deep(10'000, '(');
  EXPECT_THAT(fault(deep + "true"), testing::HasSubstr("nested too deeply"));
  EXPECT_THAT(fault(std::string(10'000, '!') + "true"), testing::HasSubstr("nested too deeply"));
  std::string longer = "true";
  for (int i = 0; i < 1000; ++i) longer += " && true";
  EXPECT_THAT(fault(longer), testing::HasSubstr("too long"));
}

TEST(Expression, ThatIsEmptyHoldsNever) { EXPECT_FALSE(Expression().holds(Facts())); }

}  // namespace
}  // namespace sluice::expression::expression_test
