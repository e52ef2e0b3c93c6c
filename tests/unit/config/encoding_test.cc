// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/encoding.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::config::encoding_test {
namespace {

using namespace std::string_literals;
using testing::HasSubstr;

std::string objections(const std::string& text) {
  Diagnostics diagnostics;
  std::uint32_t file = diagnostics.sources().add("a", text);
  bool fine = check_encoding(text, file, diagnostics);
  EXPECT_EQ(fine, !diagnostics.has_errors());
  std::string out;
  for (const Diagnostic& d : diagnostics.sorted())
    out += std::to_string(d.place.line) + ':' + std::to_string(d.place.column) + ' ' + d.message + '\n';
  return out;
}

TEST(Encoding, AcceptsOrdinaryText) {
  EXPECT_EQ(objections("a: b\r\nc:\td\n\xC3\xA4\xE2\x82\xAC\xF0\x9F\x98\x80"), "");
  EXPECT_EQ(objections(""), "");
}

TEST(Encoding, SaysWhereANulByteIs) {
  EXPECT_EQ(objections("ab\nc\0d"s), "2:2 the file holds a NUL byte: this is not a text file\n");
}

TEST(Encoding, RefusesControlCharacters) {
  EXPECT_EQ(objections("a\x07"), "1:2 the file holds the control character U+0007\n");
  EXPECT_EQ(objections("a\x7F"), "1:2 the file holds the control character U+007F\n");
  EXPECT_EQ(objections("a\xC2\x9F"), "1:2 the file holds the control character U+009F\n");
}

TEST(Encoding, RefusesLineBreaksThatOnlySomeProgramsSee) {
  EXPECT_THAT(objections("a\xC2\x85"), HasSubstr("U+0085"));
  EXPECT_THAT(objections("a\xE2\x80\xA8"), HasSubstr("U+2028"));
  EXPECT_THAT(objections("a\xE2\x80\xA9"), HasSubstr("U+2029"));
}

TEST(Encoding, RefusesWhatIsNotUtf8) {
  for (auto bad : {"\xff", "\xC3", "\xC0\xAF", "\xE0\x80\x80", "\xED\xA0\x80", "\xF4\x90\x80\x80",
                   "\xF0\x8F\xBF\xBF", "\x80", "\xE2\x82"})
    EXPECT_THAT(objections("x"s + bad), HasSubstr("1:2 the file holds bytes that are not UTF-8")) << bad;
}

TEST(Encoding, NamesUtf16) {
  EXPECT_THAT(objections("\xFF\xFE"
                         "a\0"s),
              HasSubstr("UTF-16"));
  EXPECT_THAT(objections("\xFE\xFF\0a"s), HasSubstr("UTF-16"));
  EXPECT_THAT(objections("a\0:\0"s), HasSubstr("UTF-16"));
}

TEST(Encoding, TakesTheByteOrderMarkOffTheFrontOnly) {
  EXPECT_EQ(without_byte_order_mark("\xEF\xBB\xBFx"), "x");
  EXPECT_EQ(without_byte_order_mark("x\xEF\xBB\xBF"), "x\xEF\xBB\xBF");
  EXPECT_THAT(objections("x\xEF\xBB\xBF"), HasSubstr("1:2 the file holds a byte order mark"));
}

TEST(Encoding, StopsComplainingSoon) {
  std::string text(1000, '\x01');
  Diagnostics diagnostics;
  check_encoding(text, diagnostics.sources().add("a", text), diagnostics);

  EXPECT_EQ(diagnostics.errors(), 5u);
}

}  // namespace
}  // namespace sluice::config::encoding_test
