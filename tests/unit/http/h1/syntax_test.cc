// SPDX-License-Identifier: Apache-2.0
// Faults and where they leave the reader; parser_test.cc has the tables of lines that are refused.
#include "gateway/http/h1/syntax.h"

#include <gtest/gtest.h>

#include <string>

#include "tests/unit/http/h1/heads.h"

namespace sluice::http::h1::syntax_test {
namespace {

constexpr std::string_view kStart = "start line\r\n";

// Behind a start line; bytes of their own, so that a sanitizer sees what is read behind them.
struct Lines {
  explicit Lines(std::string_view text, std::size_t at_most = 100) : bytes(kStart.begin(), kStart.end()) {
    bytes.insert(bytes.end(), text.begin(), text.end());
    bytes.shrink_to_fit();
    at = bytes.data() + kStart.size();
    fault = read_fields(at, bytes.data() + bytes.size(), at_most, fields, noticed);
  }
  std::size_t used() const { return static_cast<std::size_t>(at - bytes.data()) - kStart.size(); }

  std::vector<char> bytes;
  base::Arena arena;
  Fields fields{arena};
  FieldView noticed;
  const char* at;
  Fault fault;
};

TEST(ReadFields, StopsBehindTheEmptyLine) {
  Lines r("Host: a\r\nX-Y:1\r\n\r\nbody");

  EXPECT_EQ(r.fault, Fault::none);
  EXPECT_EQ(r.used(), 18U);
  EXPECT_EQ(r.fields.lines().size(), 2U);
  EXPECT_TRUE(r.fields.has(FieldId::host));
  EXPECT_EQ(r.noticed.host, "a");
}

TEST(ReadFields, EveryPrefixIsIncompleteAndNothingElse) {
  std::string text =
      "Host: example.com:8080\r\nSome-Rather-Long-Name: v\r\nVia:\r\nA: " + std::string(50, 'b') +
      " \r\nTransfer-Encoding: chunked\r\n\r\n";
  ASSERT_EQ(Lines(text).fault, Fault::none);
  for (std::size_t n = 0; n < text.size(); ++n) {
    Lines r(std::string_view(text).substr(0, n));
    EXPECT_EQ(r.fault, Fault::incomplete) << n;
    EXPECT_EQ(r.used(), 0U) << n;
  }
}

TEST(ReadFields, FaultsAreToldApart) {
  EXPECT_EQ(Lines("Host a\r\n\r\n").fault, Fault::name);
  EXPECT_EQ(Lines(": a\r\n\r\n").fault, Fault::name);
  EXPECT_EQ(Lines("X (comment): a\r\n\r\n").fault, Fault::name);
  EXPECT_EQ(Lines("X: a\r\n folded\r\n\r\n").fault, Fault::name);
  EXPECT_EQ(Lines("X: a\nY: b\r\n\r\n").fault, Fault::value);
  EXPECT_EQ(Lines("X: a\x7f\r\n\r\n").fault, Fault::value);
  EXPECT_EQ(Lines("X: a\rb\r\n\r\n").fault, Fault::line_end);
  EXPECT_EQ(Lines("X: a\r\n\rb\r\n\r\n").fault, Fault::line_end);
  EXPECT_EQ(Lines("Connection: a b\r\n\r\n").fault, Fault::options);
  EXPECT_EQ(Lines("Proxy-Connection: a;b\r\n\r\n").fault, Fault::options);
  EXPECT_EQ(Lines("Content-Length: 1x\r\n\r\n").fault, Fault::length);
  EXPECT_EQ(Lines("X: 1\r\nX: 2\r\n\r\n", 1).fault, Fault::too_many);
  EXPECT_EQ(Lines("X: 1\r\n\r\n", 1).fault, Fault::none);
}

// Wherever it stands in its block, and whatever stands before it.
TEST(ReadFields, AControlCharacterIsSeenAtEveryPlace) {
  for (std::size_t before = 0; before < 70; ++before) {
    for (char filler : {'x', '\t', '\xe9'}) {
      std::string text = "X: v" + std::string(before, filler);
      for (char c : {'\0', '\x1f', '\x7f', '\n'})
        EXPECT_EQ(Lines(text + c + "end\r\n\r\n").fault, Fault::value) << before << filler << int{c};
      Lines fine(text + "end\r\n\r\n");
      ASSERT_EQ(fine.fault, Fault::none) << before << filler;
      EXPECT_EQ(fine.fields.lines()[0].value.size(), before + 4);
    }
  }
}

TEST(ReadFields, NamesOfEveryLengthEndAtTheirColon) {
  for (std::size_t n = 1; n < 70; ++n) {
    std::string name(n, 'n');
    Lines r(name + ": v:w\r\n\r\n");
    ASSERT_EQ(r.fault, Fault::none) << n;
    EXPECT_EQ(r.fields.lines()[0].name, name);
    EXPECT_EQ(r.fields.lines()[0].value, "v:w");

    name[n / 2] = '@';
    EXPECT_EQ(Lines(name + ": v\r\n\r\n").fault, Fault::name) << n;
  }
}

TEST(ReadFields, ManyLinesKeepTheirOrder) {
  std::string text;
  for (int i = 0; i < 90; ++i) text += "X" + std::to_string(i) + ": " + std::to_string(i) + "\r\n";

  Lines r(text + "\r\n");

  ASSERT_EQ(r.fields.lines().size(), 90U);
  for (std::size_t i = 0; i < 90; ++i) EXPECT_EQ(r.fields.lines()[i].value, std::to_string(i));
}

TEST(ReadFields, NoticesWhatJudgingNeeds) {
  Lines r(
      "Host: a\r\nHost: b\r\nContent-Length: 12\r\nConnection: x, close\r\nConnection: te\r\n"
      "content_length: 1\r\n\r\n");

  ASSERT_EQ(r.fault, Fault::none);
  EXPECT_TRUE(r.noticed.repeats(FieldId::host));
  EXPECT_FALSE(r.noticed.repeats(FieldId::content_length));
  EXPECT_EQ(r.noticed.length, 12U);
  EXPECT_TRUE(r.noticed.options.close && r.noticed.options.te);
  EXPECT_FALSE(r.noticed.options.keep_alive);
  EXPECT_EQ(r.noticed.options.count, 3U);
  EXPECT_TRUE(r.noticed.disguised);
}

TEST(ReadRequestLine, StopsBehindItsLineEnd) {
  base::Arena arena;
  RequestHead head(arena);
  std::string text = "DELETE /a?b HTTP/1.0\r\nX";
  const char* at = text.data();

  ASSERT_EQ(read_request_line(at, at + text.size(), head), Fault::none);

  EXPECT_EQ(at - text.data(), 22);
  EXPECT_EQ(head.method, Method::delete_);
  EXPECT_EQ(head.target, "/a?b");
  EXPECT_EQ(head.version, Version::http_1_0);
}

TEST(ReadStatusLine, StopsBehindItsLineEnd) {
  base::Arena arena;
  ResponseHead head(arena);
  std::string text = "HTTP/1.1 299 So \xc3\xa4\tlala\r\nX";
  const char* at = text.data();

  ASSERT_EQ(read_status_line(at, at + text.size(), head), Fault::none);

  EXPECT_EQ(at - text.data(), static_cast<std::ptrdiff_t>(text.size()) - 1);
  EXPECT_EQ(head.status, 299);
  EXPECT_EQ(head.reason, "So \xc3\xa4\tlala");
}

}  // namespace
}  // namespace sluice::http::h1::syntax_test
