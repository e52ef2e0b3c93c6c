// SPDX-License-Identifier: Apache-2.0
// The seeds of the head fuzzers are named after their verdict; the reference parser must give it on its own.
#include "tests/support/reference_parser.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>

namespace sluice::test::reference_parser_test {
namespace {

using http::HeadLimits;
using http::h1::HeadScanner;
using http::h1::Message;

// 0, or the status that the client would get.
template <class Parse>
int status_of(const std::string& text, Message kind, Parse parse) {
  HeadLimits limits;
  auto length = HeadScanner(kind, limits).scan(text);
  if (!length) return length.error().status();
  if (*length == 0) return -1;
  auto control = parse(std::span<const char>(text).first(*length));
  return control ? 0 : control.error().status();
}

template <class Parse>
void expect_verdicts(const char* corpus, Message kind, Parse parse) {
  int seeds = 0;
  for (const auto& entry :
       std::filesystem::directory_iterator(std::filesystem::path("tests/fuzz/corpus") / corpus)) {
    std::ifstream in(entry.path(), std::ios::binary);
    std::string text{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
    std::string name = entry.path().filename();
    int expected = name.starts_with("ok_") ? 0 : std::stoi(name.substr(0, 3));
    EXPECT_EQ(status_of(text, kind, parse), expected) << name;
    ++seeds;
  }
  EXPECT_GT(seeds, 20);
}

TEST(ReferenceParser, GivesRequestsTheVerdictOfTheirName) {
  expect_verdicts("request_head", Message::request, [](std::span<const char> bytes) {
    base::Arena arena;
    http::RequestHead head(arena);
    return reference_request(bytes, HeadLimits{}, head);
  });
}

TEST(ReferenceParser, GivesResponsesTheVerdictOfTheirName) {
  expect_verdicts("response_head", Message::response, [](std::span<const char> bytes) {
    base::Arena arena;
    http::ResponseHead head(arena);
    return reference_response(bytes, HeadLimits{}, {}, head);
  });
}

TEST(ReferenceParser, FillsTheHead) {
  std::string text = "GET /a/../b?c HTTP/1.1\r\nHost: A:80\r\nX-Y:1 \r\nConnection: close\r\n\r\n";
  base::Arena arena;
  http::RequestHead head(arena);

  auto control = reference_request(text, HeadLimits{}, head);

  ASSERT_TRUE(control);
  EXPECT_FALSE(control->keep_alive);
  EXPECT_EQ(head.path, "/b");
  EXPECT_EQ(head.query, "c");
  EXPECT_EQ(head.host, "a");
  ASSERT_EQ(head.fields.lines().size(), 3U);
  EXPECT_EQ(head.fields.lines()[1].value, "1");
}

}  // namespace
}  // namespace sluice::test::reference_parser_test
