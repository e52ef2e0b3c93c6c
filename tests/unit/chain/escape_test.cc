// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/escape.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>

namespace sluice::chain::escape_test {
namespace {

using Write = char* (*)(char*, std::string_view) noexcept;

std::string written(Write write, std::string_view text) {
  std::string out(text.size() * kWorstEscape, '#');
  char* end = write(out.data(), text);
  EXPECT_LE(end, out.data() + out.size());
  out.resize(static_cast<std::size_t>(end - out.data()));
  return out;
}

std::string every_byte() {
  std::string all;
  for (int c = 0; c < 256; ++c) all += static_cast<char>(c);
  return all;
}

TEST(Escape, NeverWritesMoreThanItSays) {
  std::string all = every_byte();
  for (Write write : {write_raw, write_component, write_path_in_query, write_field, write_json, write_html,
                      write_sf_string})
    for (char c : all) written(write, std::string(50, c));
}

TEST(Escape, LeavesNoControlCharacterInAField) {
  std::string out = written(write_field, every_byte());

  for (int c = 0; c < 32; ++c) EXPECT_EQ(out.find(static_cast<char>(c)), std::string::npos) << c;
  EXPECT_EQ(out.find('\x7F'), std::string::npos);
  EXPECT_EQ(out.size(), 256U);
}

TEST(Escape, KeepsUnreservedCharactersOnlyInAComponent) {
  std::string out = written(write_component, "aZ9-._~/?#[]@!$&'()*+,;=%\" ");

  EXPECT_EQ(out, "aZ9-._~%2F%3F%23%5B%5D%40%21%24%26%27%28%29%2A%2B%2C%3B%3D%25%22%20");
}

TEST(Escape, DecodesTripletsAndOnDemandPlus) {
  char out[32];

  EXPECT_EQ(std::string_view(out, write_decoded(out, "a%20b+c%2g%", false)), "a b+c%2g%");
  EXPECT_EQ(std::string_view(out, write_decoded(out, "a+b%2B", true)), "a b+");
}

TEST(Escape, LeavesATextWhereItIsThatHasNothingToDecode) {
  base::Arena arena;
  const std::string_view plain = "a+b", encoded = "a%2Bb";

  EXPECT_EQ(decoded(plain, false, arena).data(), plain.data());
  EXPECT_EQ(decoded(plain, true, arena), "a b");
  EXPECT_EQ(decoded(encoded, false, arena), "a+b");
}

TEST(Escape, ReadsPartsOfFormsAndWritesPartsOfUrls) {
  EXPECT_EQ(decoded("a+b%20c%2"), "a b c%2");
  EXPECT_EQ(decoded(""), "");
  EXPECT_EQ(component("a b/c"), "a%20b%2Fc");
  EXPECT_EQ(form_component("aZ9*-._~ +!'()\xC3\xA7\n"), "aZ9*-._%7E%20%2B%21%27%28%29%C3%A7%0A");
}

TEST(Escape, WritesJsonThatHoldsOnlyValidUtf8) {
  EXPECT_EQ(written(write_json, "\"\\/\b\f\n\r\t\x1F"), "\\\"\\\\/\\b\\f\\n\\r\\t\\u001F");
  EXPECT_EQ(written(write_json, "\xED\xA0\x80"), "\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(written(write_json, "\xF0\x9F\x98\x80"), "\xF0\x9F\x98\x80");
}

TEST(Escape, KeepsLinesOfHtml) { EXPECT_EQ(written(write_html, "a\n\t\x02<"), "a\n\t &lt;"); }

TEST(Escape, WritesStructuredFieldStringsInAscii) {
  std::string out = written(write_sf_string, every_byte());

  for (char c : out) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << int(c);
  EXPECT_EQ(written(write_sf_string, "\"\\"), "\\\"\\\\");
}

TEST(QueryParameter, IsTheFirstOfItsName) {
  EXPECT_EQ(query_parameter("a=1&b=2&a=3", "a"), "1");
  EXPECT_EQ(query_parameter("a=1&b=2&a=3", "b"), "2");
  EXPECT_EQ(query_parameter("a=x=y", "a"), "x=y");
}

TEST(QueryParameter, MayBeEmptyOrWithoutValue) {
  EXPECT_EQ(query_parameter("a=&b", "a"), "");
  EXPECT_EQ(query_parameter("a=&b", "b"), "");
}

TEST(QueryParameter, IsNotFoundByAPartOfAName) {
  EXPECT_EQ(query_parameter("ab=1&&=2&ba=3", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("", "a"), std::nullopt);
  EXPECT_EQ(query_parameter("%61b=1", "a"), std::nullopt);
}

TEST(QueryParameter, IsFoundByItsDecodedName) {
  EXPECT_EQ(query_parameter("%61=1", "a"), "1");
  EXPECT_EQ(query_parameter("a+b=1", "a b"), "1");
}

}  // namespace
}  // namespace sluice::chain::escape_test
