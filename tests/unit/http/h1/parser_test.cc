// SPDX-License-Identifier: Apache-2.0
// Syntax, limits and what a whole head yields; framing_test.cc and target_test.cc have the tables of their
// subjects.
#include "gateway/http/h1/parser.h"

#include <gmock/gmock.h>

#include "tests/unit/http/h1/heads.h"

namespace sluice::http::h1::parser_test {
namespace {

using base::Reason;
using testing::ElementsAre;
using testing::HasSubstr;

std::string get(const std::string& fields) { return "GET / HTTP/1.1\r\nHost: a\r\n" + fields + "\r\n"; }

TEST(ParseRequest, FillsTheHead) {
  Request r(
      "POST /a/../b?c=%20 HTTP/1.1\r\nHost: Example.com:8080\r\ncontent-TYPE: text/plain\r\nContent-Length: "
      "5\r\n\r\nhello");

  ASSERT_TRUE(r.verdict) << r.detail();
  EXPECT_EQ(r.head.method, Method::post);
  EXPECT_EQ(r.head.method_text, "POST");
  EXPECT_EQ(r.head.version, Version::http_1_1);
  EXPECT_EQ(r.head.target, "/a/../b?c=%20");
  EXPECT_EQ(r.head.path, "/b");
  EXPECT_EQ(r.head.query, "c=%20");
  EXPECT_TRUE(r.head.has_query);
  EXPECT_EQ(r.head.authority, "Example.com:8080");
  EXPECT_EQ(r.head.host, "example.com");
  EXPECT_THAT(lines_of(r.head.fields),
              ElementsAre("Host: Example.com:8080", "content-TYPE: text/plain", "Content-Length: 5"));
  EXPECT_EQ(r.head.fields.lines()[1].id, FieldId::content_type);
  EXPECT_EQ(r.verdict->framing.kind, Framing::Kind::length);
  EXPECT_EQ(r.verdict->framing.length, 5U);
  EXPECT_TRUE(r.verdict->keep_alive);
}

TEST(ParseRequest, KnowsEveryMethodAndKeepsOthersAsText) {
  for (std::size_t i = 1; i < kMethods; ++i) {
    auto m = static_cast<Method>(i);
    std::string target = m == Method::connect ? "a:1" : "/";
    Request r(std::string(name(m)) + " " + target + " HTTP/1.1\r\nHost: a:1\r\n\r\n");
    EXPECT_EQ(r.head.method, m) << r.detail();
  }
  for (const char* text : {"get", "PROPFIND", "M-SEARCH", "X!#$%&'*+-.^_`|~"}) {
    Request r(std::string(text) + " / HTTP/1.1\r\nHost: a\r\n\r\n");
    EXPECT_EQ(r.head.method, Method::other) << r.detail();
    EXPECT_EQ(r.head.method_text, text);
  }
}

TEST(ParseRequest, EveryKnownFieldGetsItsId) {
  for (std::size_t i = 1;; ++i) {
    auto id = static_cast<FieldId>(i);
    Request r(get(std::string(field_name(id)) + ": x\r\n"));
    // Some of them refuse "x" as a value; what was parsed until then is there.
    bool found = false;
    for (const Field& f : r.head.fields.lines()) found |= f.id == id;
    bool judged_at_once = id == FieldId::content_length;
    EXPECT_EQ(found, !judged_at_once) << field_name(id);
    if (id == FieldId::x_request_id) break;
  }
}

TEST(ParseRequest, ViewsLieInTheReceivedHead) {
  Request r(get("X-A: 1\r\n"));
  const char* begin = r.text.data();

  for (const Field& f : r.head.fields.lines()) {
    EXPECT_GE(f.name.data(), begin);
    EXPECT_LT(f.value.data(), begin + r.text.size());
    EXPECT_TRUE(f.received);
  }
}

TEST(ParseRequest, OnlyPlainlyWrittenLinesCountAsReceived) {
  Request r(get("A:1\r\nB:  2\r\nC: 3 \r\nD:\t4\r\nE: 5\r\nF: \r\nG:\r\nH:\t \t\r\n"));

  ASSERT_TRUE(r.verdict) << r.detail();
  EXPECT_THAT(lines_of(r.head.fields),
              ElementsAre("Host: a", "A: 1", "B: 2", "C: 3", "D: 4", "E: 5", "F: ", "G: ", "H: "));
  std::string received;
  for (const Field& f : r.head.fields.lines())
    if (f.received) received += f.name;
  EXPECT_EQ(received, "HostEF");
}

TEST(ParseRequest, SkipsLeadingEmptyLines) {
  Request r("\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n");

  EXPECT_TRUE(r.verdict) << r.detail();
  EXPECT_EQ(r.head.method, Method::get);
}

TEST(ParseRequest, ForgetsWhatTheHeadHeldBefore) {
  base::Arena arena;
  RequestHead head(arena);
  HeadLimits limits;
  ASSERT_TRUE(parse_request(bytes("GET /a?b HTTP/1.1\r\nHost: a\r\nX: 1\r\n\r\n"), limits, head));

  ASSERT_TRUE(parse_request(bytes("GET /c HTTP/1.0\r\n\r\n"), limits, head));

  EXPECT_TRUE(head.fields.lines().empty());
  EXPECT_FALSE(head.has_query);
  EXPECT_EQ(head.query, "");
  EXPECT_EQ(head.host, "");
}

struct BadLine {
  const char* name;
  std::string line;
};

class RefusedLine : public testing::TestWithParam<BadLine> {};

TEST_P(RefusedLine, IsABadRequestAndAnInvalidResponse) {
  Request r(get(GetParam().line + "\r\n"));
  EXPECT_EQ(r.reason(), Reason::bad_request) << testing::PrintToString(lines_of(r.head.fields));
  EXPECT_NE(r.detail(), "");
  for (char c : r.detail()) EXPECT_TRUE(c >= 0x20 && c < 0x7F) << "a raw byte in the detail";

  Response s("HTTP/1.1 200 OK\r\nA: b\r\n" + GetParam().line + "\r\n\r\n");
  EXPECT_TRUE(s.reason() == Reason::response_invalid || s.reason() == Reason::upstream_protocol)
      << s.detail();
}

INSTANTIATE_TEST_SUITE_P(
    Names, RefusedLine,
    testing::Values(BadLine{"empty", ": a"}, BadLine{"no_colon", "X"}, BadLine{"no_colon_value", "X a"},
                    BadLine{"space_before_colon", "X : a"}, BadLine{"tab_before_colon", "X\t: a"},
                    BadLine{"space_inside", "X Y: a"}, BadLine{"parenthesis", "X(Y): a"},
                    BadLine{"quote", "\"X\": a"}, BadLine{"slash", "X/Y: a"}, BadLine{"at", "X@Y: a"},
                    BadLine{"brackets", "[X]: a"}, BadLine{"equals", "X=1: a"},
                    BadLine{"non_ascii", "X\xc3\xa4: a"}, BadLine{"del", "X\x7f: a"},
                    BadLine{"control", "X\x01: a"}, BadLine{"nul", std::string("X\0: a", 5)},
                    BadLine{"vertical_tab_first", "\x0bX: a"}, BadLine{"bare_cr_first", "\rX: a"},
                    BadLine{"bare_cr_name", "X\rY: a"}, BadLine{"bom", "\xef\xbb\xbfX: a"},
                    BadLine{"content_length_colon", "Content-Length : 5"},
                    BadLine{"underscore_length", "Content_Length: 5"},
                    BadLine{"underscore_coding", "Transfer_Encoding: chunked"},
                    BadLine{"point_length", "Content.Length: 5"},
                    BadLine{"underscore_case", "tRANSFER_eNCODING: chunked"}),
    [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(Values, RefusedLine,
                         testing::Values(BadLine{"nul", std::string("X: a\0b", 6)},
                                         BadLine{"control", "X: a\x01"}, BadLine{"escape", "X: \x1b[0m"},
                                         BadLine{"del", "X: a\x7f"}, BadLine{"bare_cr", "X: a\rb"},
                                         BadLine{"bare_cr_end", "X: a\r"}, BadLine{"cr_space", "X: a\r b"},
                                         BadLine{"vertical_tab", "X: \x0b"}, BadLine{"form_feed", "X: a\x0c"},
                                         BadLine{"bare_lf", "X: a\nY: b"}, BadLine{"fold", "X: a\r\n b"},
                                         BadLine{"fold_tab", "X: a\r\n\tb"},
                                         BadLine{"fold_empty", "X:\r\n b"},
                                         BadLine{"fold_blank", "X: a\r\n \r\n\tc"}),
                         [](const auto& p) { return p.param.name; });

TEST(ParseRequest, AcceptsUnusualNamesAndValues) {
  for (const char* line : {"!#$%&'*+-.^_`|~: a", "X_Y: a", "X: \xc3\xa4\xff", "X: a\tb", "X: \"a, b\"; c=(d)",
                           "X:::", "X: ,,"}) {
    Request r(get(std::string(line) + "\r\n"));
    EXPECT_TRUE(r.verdict) << line << " " << r.detail();
  }
}

// What parse_request alone must guarantee, should a caller measure the head in another way than HeadScanner.
TEST(ParseRequest, IsStrictWithoutTheScanner) {
  base::Arena arena;
  RequestHead head(arena);
  HeadLimits limits;
  for (std::string_view text :
       {"GET / HTTP/1.1\r\nHost: a\r\nX: a\r\n b\r\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\nX:\r\n b\r\n\r\n",
        "GET / HTTP/1.1\nHost: a\n\n", "GET / HTTP/1.1\r\nHost: a\n\r\n", "GET / HTTP/1.1\r\nHost: a\r\n",
        "GET / HTTP/1.1\r\nHost: a\r\n\r", "GET / HTTP/1.1\r\nHost: a\r\n\r\nX", "", "\r\n",
        "GET / HTTP/1.1\r\n", "GET / HTTP/1.1\r\nHost: a\r\n\rX", "GET  / HTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.1 \r\nHost: a\r\n\r\n", "GET\t/\tHTTP/1.1\r\nHost: a\r\n\r\n",
        "GET / HTTP/1.2\r\nHost: a\r\n\r\n", " GET / HTTP/1.1\r\nHost: a\r\n\r\n"}) {
    auto verdict = parse_request(bytes(text), limits, head);
    ASSERT_FALSE(verdict) << text;
    EXPECT_EQ(verdict.error().reason, Reason::bad_request) << text;
  }
}

TEST(ParseRequest, LimitsTheNumberOfFields) {
  std::string lines;
  for (int i = 0; i < 99; ++i) lines += "X: y\r\n";
  EXPECT_TRUE(Request(get(lines)).verdict);

  EXPECT_EQ(Request(get(lines + "X: y\r\n")).reason(), Reason::header_too_large);
}

TEST(ParseRequest, LimitsHeadAndTargetAlsoByItself) {
  base::Arena arena;
  RequestHead head(arena);
  std::string_view text = "GET /abc HTTP/1.1\r\nHost: a\r\n\r\n";
  HeadLimits limits;
  limits.head = text.size() - 1;
  EXPECT_EQ(parse_request(bytes(text), limits, head).error().reason, Reason::header_too_large);

  limits = {};
  limits.uri = 3;
  EXPECT_EQ(parse_request(bytes(text), limits, head).error().reason, Reason::uri_too_long);
}

TEST(ParseRequest, SaysInWhichLineAFieldIsWrong) {
  Request r(get("Good: 1\r\nBad Name: 2\r\n"));

  EXPECT_THAT(r.detail(), HasSubstr("field line 3"));
  EXPECT_THAT(r.detail(), HasSubstr("token"));
}

TEST(ParseResponse, FillsTheHead) {
  Response r("HTTP/1.1 404 Gone Fishing\r\nserver: x\r\nContent-Length: 3\r\n\r\n");

  ASSERT_TRUE(r.verdict) << r.detail();
  EXPECT_EQ(r.head.status, 404);
  EXPECT_EQ(r.head.reason, "Gone Fishing");
  EXPECT_EQ(r.head.version, Version::http_1_1);
  EXPECT_THAT(lines_of(r.head.fields), ElementsAre("server: x", "Content-Length: 3"));
  EXPECT_EQ(r.verdict->framing.length, 3U);
  EXPECT_TRUE(r.verdict->keep_alive);
}

TEST(ParseResponse, TakesAnEmptyReasonAndOldVersions) {
  Response r("HTTP/1.0 200 \r\n\r\n");

  ASSERT_TRUE(r.verdict) << r.detail();
  EXPECT_EQ(r.head.reason, "");
  EXPECT_EQ(r.head.version, Version::http_1_0);
  EXPECT_EQ(r.verdict->framing.kind, Framing::Kind::until_close);
  EXPECT_FALSE(r.verdict->keep_alive);
}

TEST(ParseResponse, RefusesControlCharactersInTheReason) {
  EXPECT_EQ(Response("HTTP/1.1 200 O\x01K\r\n\r\n").reason(), Reason::upstream_protocol);
  EXPECT_EQ(Response("HTTP/1.1 200 O\rK\r\n\r\n").reason(), Reason::response_invalid);
  EXPECT_EQ(Response(std::string("HTTP/1.1 200 \0\r\n\r\n", 18)).reason(), Reason::upstream_protocol);
}

TEST(ParseResponse, LimitsTheNumberOfFields) {
  std::string lines;
  for (int i = 0; i < 101; ++i) lines += "X: y\r\n";

  EXPECT_EQ(Response("HTTP/1.1 200 OK\r\n" + lines + "\r\n").reason(), Reason::response_invalid);
}

TEST(ParseResponse, SwitchingProtocolsMustHaveBeenAskedFor) {
  std::string switching =
      "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n";

  EXPECT_EQ(Response(switching).reason(), Reason::upstream_protocol);
  Response asked(switching, Asked{Method::get, true});
  ASSERT_TRUE(asked.verdict) << asked.detail();
  EXPECT_TRUE(asked.verdict->upgrade);
  EXPECT_EQ(Response("HTTP/1.1 101 Switching Protocols\r\n\r\n", Asked{Method::get, true}).reason(),
            Reason::upstream_protocol);
}

TEST(ParseResponse, IsStrictWithoutTheScanner) {
  base::Arena arena;
  ResponseHead head(arena);
  HeadLimits limits;
  for (std::string_view text :
       {"HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n", "HTTP/1.1 200 OK\nX: a\n\n", "HTTP/1.1 200 OK\r\n",
        "HTTP/1.1 200 OK\r\n\r\nX", "HTTP/1.1 600 OK\r\n\r\n", "HTTP/1.1 000 OK\r\n\r\n",
        "\r\nHTTP/1.1 200 OK\r\n\r\n", "", "HTTP/2.0 200 OK\r\n\r\n", "HTTP/1.1 2000 OK\r\n\r\n"}) {
    auto verdict = parse_response(bytes(text), limits, {}, head);
    ASSERT_FALSE(verdict) << text;
    EXPECT_EQ(verdict.error().where(), base::Where::upstream) << text;
  }
}

}  // namespace
}  // namespace sluice::http::h1::parser_test
