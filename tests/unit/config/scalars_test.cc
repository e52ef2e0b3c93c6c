// SPDX-License-Identifier: Apache-2.0
// Reading of each scalar type from YAML, through a struct that has one of each.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdint>

#include "gateway/config/bind.h"
#include "gateway/config/describe.h"
#include "gateway/config/load.h"

namespace sluice::config::scalars_test {
namespace {

using testing::IsEmpty;

enum class Color { red, dark_green };
void describe(Enumeration<Color>& e) { e.value("red", Color::red).value("dark-green", Color::dark_green); }

struct Everything {
  bool flag = false;
  std::int8_t tiny = 0;
  std::uint16_t port = 0;
  std::int64_t big = 0;
  std::uint64_t huge = 0;
  double number = 0;
  std::string text;
  Duration duration{};
  Size size;
  Rate rate;
  Percent percent;
  Secret secret_text;
  Json json;
  Color color = Color::red;
};
void describe(Description<Everything>& d) {
  d.about("everything", "One of each.");
  d.field("flag", &Everything::flag, "x")
      .field("tiny", &Everything::tiny, "x")
      .field("port", &Everything::port, "x");
  d.field("big", &Everything::big, "x")
      .field("huge", &Everything::huge, "x")
      .field("number", &Everything::number, "x");
  d.field("text", &Everything::text, "x").field("duration", &Everything::duration, "x");
  d.field("size", &Everything::size, "x").field("rate", &Everything::rate, "x");
  d.field("percent", &Everything::percent, "x").field("secret", &Everything::secret_text, "x");
  d.field("json", &Everything::json, "x").field("color", &Everything::color, "x");
}

class Scalars : public testing::Test {
 protected:
  Everything bound(const std::string& yaml) {
    Diagnostics diagnostics;
    Document document = parse(yaml, diagnostics);
    auto out = bind<Everything>(document, diagnostics);
    EXPECT_EQ(diagnostics.text(), "") << yaml;
    return out;
  }
  // The first complaint with its hint.
  std::string refused(const std::string& yaml) {
    Diagnostics diagnostics;
    Document document = parse(yaml, diagnostics);
    bind<Everything>(document, diagnostics);
    auto all = diagnostics.sorted();
    if (all.empty()) return "accepted";
    return all[0].message + (all[0].hint.empty() ? "" : " | " + all[0].hint);
  }
};

TEST_F(Scalars, BooleansAreTrueOrFalse) {
  EXPECT_TRUE(bound("flag: true").flag);
  EXPECT_FALSE(bound("flag: false").flag);
  EXPECT_EQ(refused("flag: yes"), "expected true or false, got yes | did you mean \"true\"?");
  EXPECT_EQ(refused("flag: on"), "expected true or false, got on | did you mean \"true\"?");
  EXPECT_EQ(refused("flag: True"), "expected true or false, got True | did you mean \"true\"?");
  EXPECT_EQ(refused("flag: no"), "expected true or false, got no | did you mean \"false\"?");
  EXPECT_EQ(refused("flag: 0"), "expected true or false, got 0 | did you mean \"false\"?");
  EXPECT_EQ(refused("flag: maybe"), "expected true or false, got maybe");
  EXPECT_EQ(refused("flag: 'true'"), "expected true or false, got \"true\": remove the quotes");
  EXPECT_EQ(refused("flag: ''"), "expected true or false, got an empty text");
}

TEST_F(Scalars, IntegersAreDecimal) {
  EXPECT_EQ(bound("tiny: -128").tiny, -128);
  EXPECT_EQ(bound("port: 65535").port, 65535);
  EXPECT_EQ(bound("big: -9223372036854775808").big, INT64_MIN);
  EXPECT_EQ(bound("big: 9223372036854775807").big, INT64_MAX);
  EXPECT_EQ(bound("huge: 18446744073709551615").huge, UINT64_MAX);
  EXPECT_EQ(bound("big: 0").big, 0);
  EXPECT_EQ(refused("big: 010"), "expected an integer, got 010: no leading zeros | did you mean \"10\"?");
  EXPECT_EQ(refused("big: -007"), "expected an integer, got -007: no leading zeros | did you mean \"-7\"?");
  EXPECT_EQ(refused("big: 00"), "expected an integer, got 00: no leading zeros | did you mean \"0\"?");
  for (auto text : {"0x1F", "0o17", "1_000", "+1", "1.0", "1e3", "-x", "ten"})
    EXPECT_EQ(refused(std::string("big: ") + text), std::string("expected an integer, got ") + text);
  EXPECT_EQ(refused("big: '5'"), "expected an integer, got \"5\": remove the quotes");
}

TEST_F(Scalars, IntegersFitTheirType) {
  EXPECT_EQ(refused("tiny: 128"), "expected an integer, got 128: it must be -128 to 127");
  EXPECT_EQ(refused("tiny: -129"), "expected an integer, got -129: it must be -128 to 127");
  EXPECT_EQ(refused("port: 65536"), "expected an integer, got 65536: it must be 0 to 65535");
  EXPECT_EQ(refused("port: -1"), "expected an integer, got -1: it must not be negative");
  EXPECT_EQ(refused("huge: 18446744073709551616"),
            "expected an integer, got 18446744073709551616: it must be 0 to 18446744073709551615");
  EXPECT_EQ(refused("big: -9223372036854775809"),
            "expected an integer, got -9223372036854775809: it must be -9223372036854775808 to "
            "9223372036854775807");
}

TEST_F(Scalars, NumbersMayHaveAFraction) {
  EXPECT_EQ(bound("number: -1.25").number, -1.25);
  EXPECT_EQ(refused("number: x"), "expected a number, got x");
  EXPECT_EQ(refused("number: '1'"), "expected a number, got \"1\": remove the quotes");
}

TEST_F(Scalars, TextsAreTakenAsWritten) {
  EXPECT_EQ(bound("text: no").text, "no");
  EXPECT_EQ(bound("text: 1.10").text, "1.10");
  EXPECT_EQ(bound("text: true").text, "true");
  EXPECT_EQ(bound("text: 'null'").text, "null");
  EXPECT_EQ(bound("text: ''").text, "");
  EXPECT_EQ(bound("secret: 0123").secret_text.value, "0123");
  EXPECT_EQ(refused("text: null"), "expected a text, got nothing | give it a value, or leave the key out");
  EXPECT_EQ(refused("text:"), "expected a text, got nothing | give it a value, or leave the key out");
  EXPECT_EQ(refused("text: [a]"), "expected a text, got a list");
  EXPECT_EQ(refused("text: {a: b}"), "expected a text, got a mapping");
}

TEST_F(Scalars, AmountsMayBeQuoted) {
  EXPECT_EQ(bound("duration: '2s'").duration, std::chrono::seconds(2));
  EXPECT_EQ(refused("duration: '2'"),
            "expected a duration such as 250ms, got \"2\": add a unit | units: us, ms, s, m, h, d");
  EXPECT_EQ(refused("size: big"), "expected a size such as 64KiB, got big");
  EXPECT_EQ(refused("rate: often"), "expected a rate such as 100/min, got often");
  EXPECT_EQ(refused("percent: half"), "expected a percentage such as 25%, got half");
}

TEST_F(Scalars, WordsOfAnEnumAreProposed) {
  EXPECT_EQ(bound("color: dark-green").color, Color::dark_green);
  EXPECT_EQ(refused("color: dark_green"),
            "expected red or dark-green, got dark_green | did you mean \"dark-green\"?");
  EXPECT_EQ(refused("color: blue"), "expected red or dark-green, got blue");
  EXPECT_EQ(refused("color: [red]"), "expected one of red, dark-green, got a list");
}

TEST_F(Scalars, AnyValueBecomesJson) {
  auto json = [&](const std::string& yaml) { return bound("json: " + yaml).json.text; };

  EXPECT_EQ(json("{a: [1, -2.50, 1e9, 'x', true, no, ~], b: {}}"),
            R"({"a":[1,-2.50,1e9,"x",true,"no",null],"b":{}})");
  EXPECT_EQ(json("12345678901234567890"), "12345678901234567890");
  EXPECT_EQ(json("010"), R"("010")");
  EXPECT_EQ(json("1."), R"("1.")");
  EXPECT_EQ(json(".5"), R"(".5")");
  EXPECT_EQ(json("+1"), R"("+1")");
  EXPECT_EQ(json("'1'"), R"("1")");
  EXPECT_EQ(json("FALSE"), "false");
  EXPECT_EQ(json("null"), "null");
  EXPECT_EQ(json("\"a\\n\\u00e4\""), "\"a\\n\xC3\xA4\"");
}

TEST_F(Scalars, LongValuesAreShortenedInMessages) {
  std::string message = refused("big: " + std::string(1000, '9') + "x");

  EXPECT_LT(message.size(), 120u);
  EXPECT_TRUE(message.ends_with("..."));
}

}  // namespace
}  // namespace sluice::config::scalars_test
