// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/escape.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

#include "gateway/base/utf8.h"

namespace sluice::observe::escape_test {
namespace {

std::string written(char* (*escape)(std::string_view, char*) noexcept, std::string_view text) {
  std::string out(text.size() * kEscapedMax, '#');
  out.resize(static_cast<std::size_t>(escape(text, out.data()) - out.data()));
  return out;
}
std::string json(std::string_view text) { return written(escape_json, text); }
std::string hex(std::string_view text) { return written(escape_hex, text); }

TEST(EscapeJson, LeavesPlainTextOfAnyLengthAsItIs) {
  const std::string text = "GET /orders/4711?page=2 HTTP/1.1 and so on";
  for (std::size_t n = 0; n <= text.size(); ++n) EXPECT_EQ(json(text.substr(0, n)), text.substr(0, n));
}

TEST(EscapeJson, FindsASpecialByteAtAnyPlace) {
  for (std::size_t length = 1; length < 40; ++length)
    for (std::size_t at = 0; at < length; ++at) {
      std::string text(length, 'x');
      text[at] = '"';
      EXPECT_EQ(json(text), std::string(at, 'x') + "\\\"" + std::string(length - at - 1, 'x'));
    }
}

TEST(EscapeJson, EscapesQuotesBackslashesAndControlCharacters) {
  EXPECT_EQ(json("a\"b\\c"), R"(a\"b\\c)");
  EXPECT_EQ(json("a\r\nb\tc"), R"(a\r\nb\tc)");
  EXPECT_EQ(json(std::string_view("\0\x01\x1f\x7f", 4)), R"(\u0000\u0001\u001f\u007f)");
}

TEST(EscapeJson, KeepsUnicode) {
  EXPECT_EQ(json("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80"), "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
}

TEST(EscapeJson, EscapesUnicodeThatTerminalsAndReadersObey) {
  EXPECT_EQ(json("\xc2\x80\xc2\x9b\xc2\xa0"), "\\u0080\\u009b\xc2\xa0");
  EXPECT_EQ(json("\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xae\xe2\x80\xaf"), "\\u2028\\u2029\\u202e\xe2\x80\xaf");
  EXPECT_EQ(json("\xe2\x81\xa6\xe2\x81\xa9\xe2\x81\xaa"), "\\u2066\\u2069\xe2\x81\xaa");
}

TEST(EscapeJson, ReplacesMalformedUtf8) {
  EXPECT_EQ(json("a\xff"
                 "b"),
            R"(a\ufffdb)");
  EXPECT_EQ(json("\xc0\xaf"), R"(\ufffd\ufffd)");
  EXPECT_EQ(json("cut\xe2\x82"), R"(cut\ufffd\ufffd)");
}

TEST(EscapeJson, NeverLetsRandomBytesOutOfTheirString) {
  std::mt19937 random(7);
  for (int round = 0; round < 20'000; ++round) {
    std::string text(random() % 24, ' ');
    for (char& c : text) c = static_cast<char>(random());

    auto out = json(text);

    for (std::size_t i = 0; i < out.size();) {
      auto n = base::utf8_sequence(std::string_view(out).substr(i));
      ASSERT_NE(n, 0u) << "malformed UTF-8 in " << out;
      ASSERT_GE(static_cast<unsigned char>(out[i]), 0x20);
      ASSERT_NE(out[i], '"');
      if (out[i] == '\\') {
        ASSERT_LT(i + 1, out.size());
        ASSERT_NE(std::string("\"\\nrtu").find(out[i + 1]), std::string::npos);
        ++i;
      }
      i += n;
    }
  }
}

TEST(EscapeHex, WritesEverythingButPrintableAsciiAsHex) {
  EXPECT_EQ(hex("/a b?c=d"), "/a b?c=d");
  EXPECT_EQ(hex("\"\\\n\x7f\xc3\xa9"), R"(\x22\x5c\x0a\x7f\xc3\xa9)");
}

TEST(PlainLogfmt, IsWhatNeedsNoQuotes) {
  EXPECT_TRUE(plain_logfmt("GET"));
  EXPECT_TRUE(plain_logfmt("/orders/4711"));
  EXPECT_TRUE(plain_logfmt("[::1]:8080"));
  for (auto text : {"", "a b", "a=b", "a\"b", "a\\b", "\n", "caf\xc3\xa9", "0123456789 ",
                    "0123456789=", " 123456789", "abcd\x7f", "abcdefgh\n"})
    EXPECT_FALSE(plain_logfmt(text)) << text;
}

}  // namespace
}  // namespace sluice::observe::escape_test
