// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/text.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/json/padded.h"

namespace sluice::json::text_test {
namespace {

TEST(JsonText, SaysWhatAStringSays) {
  base::Arena arena;
  EXPECT_EQ(unescaped("plain", arena), "plain");
  EXPECT_EQ(unescaped(R"(a\n\t\"\\\/\u0041\u00e4\u20AC)", arena), "a\n\t\"\\/A\xC3\xA4\xE2\x82\xAC");
  EXPECT_EQ(unescaped(R"(\ud83d\ude00)", arena), "\xF0\x9F\x98\x80");
  EXPECT_EQ(unescaped(R"(\ud83dx)", arena), "\xEF\xBF\xBDx");
  EXPECT_EQ(unescaped(R"(\ude00)", arena), "\xEF\xBF\xBD");
  EXPECT_EQ(unescaped(R"(\ud83d\u0041)", arena),
            "\xEF\xBF\xBD"
            "A");
}

TEST(JsonText, ComparesNamesByWhatTheySay) {
  EXPECT_TRUE(says("name", "name"));
  EXPECT_TRUE(says(R"(n\u0061me)", "name"));
  EXPECT_FALSE(says("name", "nam"));
  EXPECT_FALSE(says(R"(n\u0061me)", R"(n\u0061me)"));
}

TEST(JsonText, EscapesWhatNeedsIt) {
  EXPECT_EQ(quoted("a\"b\\c\n\x01\xC3\xA4\xFF"), "\"a\\\"b\\\\c\\n\\u0001\xC3\xA4\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted("\xED\xA0\x80"), "\"\xEF\xBF\xBD\xEF\xBF\xBD\xEF\xBF\xBD\"");
  EXPECT_EQ(quoted(""), "\"\"");
}

TEST(JsonText, EscapesAnythingIntoAStringThatIsOne) {
  std::mt19937 random(4);
  for (int i = 0; i < 3000; ++i) {
    std::string text;
    for (auto n = random() % 20; n > 0; --n) text += static_cast<char>(random());
    Padded padded(json::quoted(text));
    ASSERT_FALSE(check(padded)) << padded.text();
  }
}

TEST(JsonText, GivesValuesAsPlainText) {
  base::Arena arena;
  EXPECT_EQ(plain(R"("a\"b")", arena), "a\"b");
  EXPECT_EQ(plain("12345678901234567890.50", arena), "12345678901234567890.50");
}

TEST(JsonOutput, Grows) {
  Output out;
  std::string expected;
  for (int i = 0; i < 1000; ++i) {
    out << "text" << '.';
    expected += "text.";
  }
  EXPECT_EQ(out.text(), expected);
  out.cut(4);
  EXPECT_EQ(out.text(), "text");
}

}  // namespace
}  // namespace sluice::json::text_test
