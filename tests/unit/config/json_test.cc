// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/json.h"

#include <gtest/gtest.h>

namespace sluice::config::json_test {
namespace {

TEST(JsonWriter, SeparatesMembersAndElements) {
  JsonWriter json;
  json.object().member("a", "x").key("b").array().number(1).boolean(true).object().end_object().end_array();
  json.key("c").raw("null").end_object();

  EXPECT_EQ(json.str(), R"({"a":"x","b":[1,true,{}],"c":null})");
}

TEST(JsonWriter, IndentsWhenAsked) {
  JsonWriter json(2);
  json.object().key("a").array().number(1).number(2).end_array().key("b").object().end_object().end_object();

  EXPECT_EQ(json.str(), "{\n  \"a\": [\n    1,\n    2\n  ],\n  \"b\": {}\n}");
}

TEST(JsonWriter, EscapesTexts) {
  EXPECT_EQ(json_quoted("a\"b\\c\n\t\r\x01\x7F"), R"("a\"b\\c\n\t\r\u0001\u007f")");
  EXPECT_EQ(json_quoted("\xC3\xA4"), "\"\xC3\xA4\"");
  EXPECT_EQ(json_quoted("a\xff"), "\"a\\ufffd\"");
  EXPECT_EQ(json_quoted(std::string_view("\0", 1)), "\"\\u0000\"");
}

}  // namespace
}  // namespace sluice::config::json_test
