// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/head_scanner.h"

#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "gateway/base/error.h"

namespace sluice::http::h1::head_scanner_test {
namespace {

using base::Reason;

std::span<const char> bytes(std::string_view s) { return {s.data(), s.size()}; }

constexpr std::string_view kRequest = "GET /a?b HTTP/1.1\r\nHost: a\r\nX:\r\n\r\n";

struct Verdict {
  Reason reason = Reason::none;
  std::size_t length = 0;  // 0 without a reason: not complete
  std::size_t after = 0;   // bytes that had been shown to the scanner
  bool operator==(const Verdict&) const = default;
};

// Shows the text in pieces of `piece` bytes until there is a verdict, at a new address each time.
Verdict verdict(std::string_view text, std::size_t piece, Message kind = Message::request,
                HeadLimits limits = {}) {
  HeadScanner scanner(kind, limits);
  for (std::size_t n = std::min(piece, text.size());; n = std::min(n + piece, text.size())) {
    std::string moved(text.substr(0, n));
    auto result = scanner.scan(bytes(moved));
    if (!result) return {result.error().reason, 0, n};
    if (*result != 0) return {Reason::none, *result, n};
    if (n == text.size()) return {Reason::none, 0, n};
  }
}

TEST(HeadScanner, FindsTheEndAtOnceAndByteByByte) {
  std::string with_more = std::string(kRequest) + "body";

  EXPECT_EQ(verdict(with_more, with_more.size()).length, kRequest.size());
  EXPECT_EQ(verdict(with_more, 1), (Verdict{Reason::none, kRequest.size(), kRequest.size()}));
  EXPECT_EQ(verdict(with_more, 7).length, kRequest.size());
}

TEST(HeadScanner, NeedsMoreForEveryPrefix) {
  for (std::size_t n = 0; n < kRequest.size(); ++n) {
    auto v = verdict(kRequest.substr(0, n), n + 1);
    EXPECT_EQ(v.reason, Reason::none) << n;
    EXPECT_EQ(v.length, 0U) << n;
  }
}

TEST(HeadScanner, KnowsATlsHandshakeWhereverItHasALineFeed) {
  for (std::string_view hello : {"\x16\x03\x01\x02", "\x16\x03\x01\x02 x\ny", "\x16\n"}) {
    HeadLimits limits;
    HeadScanner scanner(Message::request, limits);
    auto result = scanner.scan(bytes(hello));

    ASSERT_FALSE(result);
    EXPECT_EQ(result.error().reason, Reason::bad_request);
    EXPECT_EQ(result.error().detail, "a TLS handshake where plain-text HTTP is expected");
  }
}

TEST(HeadScanner, ResetStartsTheNextMessage) {
  HeadLimits limits;
  HeadScanner scanner(Message::request, limits);
  ASSERT_EQ(*scanner.scan(bytes(kRequest)), kRequest.size());

  scanner.reset();

  EXPECT_FALSE(scanner.begun());
  EXPECT_EQ(*scanner.scan(bytes(kRequest)), kRequest.size());
}

TEST(HeadScanner, BegunTellsAnEmptyConnectionFromAHalfHead) {
  HeadLimits limits;
  HeadScanner scanner(Message::request, limits);
  EXPECT_FALSE(scanner.begun());
  EXPECT_EQ(*scanner.scan({}), 0U);
  EXPECT_FALSE(scanner.begun());
  EXPECT_EQ(*scanner.scan(bytes("\r\n")), 0U);
  EXPECT_FALSE(scanner.begun());
  EXPECT_EQ(*scanner.scan(bytes("\r\nG")), 0U);
  EXPECT_TRUE(scanner.begun());
  EXPECT_EQ(*scanner.scan(bytes("\r\nGET / HTTP/1.1\r\n")), 0U);
  EXPECT_TRUE(scanner.begun());
}

TEST(HeadScanner, ToleratesTwoEmptyLinesBeforeARequestOnly) {
  EXPECT_EQ(verdict("\r\n" + std::string(kRequest), 1).length, kRequest.size() + 2);
  EXPECT_EQ(verdict("\r\n\r\n" + std::string(kRequest), 1).length, kRequest.size() + 4);
  EXPECT_EQ(verdict("\r\n\r\n\r\n" + std::string(kRequest), 1).reason, Reason::bad_request);
  EXPECT_EQ(verdict("\r\nHTTP/1.1 200 OK\r\n\r\n", 100, Message::response).reason, Reason::upstream_protocol);
}

struct Refused {
  const char* name;
  std::string text;
  Reason reason;
  std::size_t after;  // bytes after which it must be known
};

class RefusedStart : public testing::TestWithParam<Refused> {};

TEST_P(RefusedStart, IsKnownEarlyAndInAnyPieces) {
  const Refused& r = GetParam();

  EXPECT_EQ(verdict(r.text, 1), (Verdict{r.reason, 0, r.after}));
  EXPECT_EQ(verdict(r.text, 3).reason, r.reason);
  EXPECT_EQ(verdict(r.text, r.text.size()).reason, r.reason);
}

INSTANTIATE_TEST_SUITE_P(
    Requests, RefusedStart,
    testing::Values(Refused{"tls", "\x16\x03\x01\x02", Reason::bad_request, 1},
                    Refused{"space", " GET / HTTP/1.1\r\n", Reason::bad_request, 1},
                    Refused{"line_feed", "\nGET / HTTP/1.1\r\n", Reason::bad_request, 1},
                    Refused{"bare_cr", "\rGET / HTTP/1.1\r\n", Reason::bad_request, 2},
                    Refused{"nul", std::string("GE\0T", 4), Reason::bad_request, 3},
                    Refused{"high", "\xc3\x84", Reason::bad_request, 1},
                    Refused{"method_colon", "Host: a\r\n", Reason::bad_request, 5},
                    Refused{"long_method", std::string(1000, 'A'), Reason::not_implemented, 33},
                    Refused{"no_target", "GET\r\n", Reason::bad_request, 5},
                    Refused{"two_spaces", "GET  / HTTP/1.1\r\n", Reason::bad_request, 5},
                    Refused{"tab", "GET\t/ HTTP/1.1\r\n", Reason::bad_request, 4},
                    Refused{"http_0_9", "GET /\r\n", Reason::bad_request, 7},
                    Refused{"four_parts", "GET /a b HTTP/1.1\r\n", Reason::bad_request, 16},
                    Refused{"trailing_space", "GET / HTTP/1.1 \r\n", Reason::bad_request, 15},
                    Refused{"two_spaces_before_version", "GET /  HTTP/1.1\r\n", Reason::bad_request, 15},
                    Refused{"bare_lf_line", "GET / HTTP/1.1\nHost: a\r\n", Reason::bad_request, 15},
                    Refused{"lower_version", "GET / http/1.1\r\n", Reason::bad_request, 16},
                    Refused{"other_protocol", "GET / RTSP/1.0\r\n", Reason::bad_request, 16},
                    Refused{"version_0_9", "GET / HTTP/0.9\r\n", Reason::http_version, 16},
                    Refused{"version_1_2", "GET / HTTP/1.2\r\n", Reason::http_version, 16},
                    Refused{"version_2", "GET / HTTP/2\r\n", Reason::http_version, 14},
                    Refused{"version_2_0", "GET / HTTP/2.0\r\n", Reason::http_version, 16},
                    Refused{"version_1_10", "GET / HTTP/1.10\r\n", Reason::http_version, 15},
                    Refused{"preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", Reason::http_version, 16}),
    [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Fields, RefusedStart,
    testing::Values(Refused{"bare_lf", "GET / HTTP/1.1\r\nHost: a\n\r\n", Reason::bad_request, 24},
                    Refused{"lf_only_end", "GET / HTTP/1.1\r\nHost: a\r\n\n", Reason::bad_request, 26},
                    Refused{"folded", "GET / HTTP/1.1\r\nX: a\r\n b: c\r\n\r\n", Reason::bad_request, 29},
                    Refused{"folded_tab", "GET / HTTP/1.1\r\nX: a\r\n\tb\r\n\r\n", Reason::bad_request, 26},
                    Refused{"space_first_line", "GET / HTTP/1.1\r\n X: a\r\n\r\n", Reason::bad_request, 23}),
    [](const auto& p) { return p.param.name; });

class RefusedResponse : public testing::TestWithParam<Refused> {};

TEST_P(RefusedResponse, IsKnownEarlyAndInAnyPieces) {
  const Refused& r = GetParam();

  EXPECT_EQ(verdict(r.text, 1, Message::response), (Verdict{r.reason, 0, r.after}));
  EXPECT_EQ(verdict(r.text, r.text.size(), Message::response).reason, r.reason);
}

INSTANTIATE_TEST_SUITE_P(
    Responses, RefusedResponse,
    testing::Values(Refused{"ssh", "SSH-2.0-OpenSSH\r\n", Reason::upstream_protocol, 1},
                    Refused{"http_2_frame", std::string("\0\0\x12\4", 4), Reason::upstream_protocol, 1},
                    Refused{"html", "<html>", Reason::upstream_protocol, 1},
                    Refused{"version_2", "HTTP/2.0 200 OK\r\n", Reason::upstream_protocol, 6},
                    Refused{"version_1_2", "HTTP/1.2 200 OK\r\n", Reason::upstream_protocol, 17},
                    Refused{"lower", "http/1.1 200 OK\r\n", Reason::upstream_protocol, 1},
                    Refused{"icy", "ICY 200 OK\r\n", Reason::upstream_protocol, 1},
                    Refused{"no_reason_space", "HTTP/1.1 200\r\n", Reason::upstream_protocol, 14},
                    Refused{"short_status", "HTTP/1.1 20 OK\r\n", Reason::upstream_protocol, 16},
                    Refused{"long_status", "HTTP/1.1 2000 OK\r\n", Reason::upstream_protocol, 18},
                    Refused{"status_99", "HTTP/1.1 099 OK\r\n", Reason::upstream_protocol, 17},
                    Refused{"status_600", "HTTP/1.1 600 OK\r\n", Reason::upstream_protocol, 17},
                    Refused{"status_text", "HTTP/1.1 2x0 OK\r\n", Reason::upstream_protocol, 17},
                    Refused{"two_spaces", "HTTP/1.1  200 OK\r\n", Reason::upstream_protocol, 18},
                    Refused{"bare_lf", "HTTP/1.1 200 OK\n", Reason::upstream_protocol, 16},
                    Refused{"folded", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n", Reason::upstream_protocol, 27}),
    [](const auto& p) { return p.param.name; });

TEST(HeadScanner, AcceptsStatusLinesWithAndWithoutAReason) {
  for (std::string_view text :
       {"HTTP/1.1 200 OK\r\n\r\n", "HTTP/1.0 599 \r\n\r\n", "HTTP/1.1 100 A long reason\r\n\r\n"})
    EXPECT_EQ(verdict(text, 1, Message::response).length, text.size()) << text;
}

TEST(HeadScanner, LimitsTheTargetToTheByte) {
  HeadLimits limits;
  limits.uri = 10;

  EXPECT_NE(verdict("GET /123456789 HTTP/1.1\r\n\r\n", 1, Message::request, limits).length, 0U);
  EXPECT_EQ(verdict("GET /1234567890 HTTP/1.1\r\n\r\n", 1, Message::request, limits),
            (Verdict{Reason::uri_too_long, 0, 15}));
  EXPECT_EQ(verdict("GET /1234567890 HTTP/1.1\r\n\r\n", 100, Message::request, limits).reason,
            Reason::uri_too_long);
}

TEST(HeadScanner, LimitsTheHeadToTheByte) {
  HeadLimits limits;
  limits.head = kRequest.size();
  EXPECT_EQ(verdict(kRequest, 1, Message::request, limits).length, kRequest.size());
  EXPECT_EQ(verdict(kRequest, 1000, Message::request, limits).length, kRequest.size());

  limits.head = kRequest.size() - 1;
  EXPECT_EQ(verdict(kRequest, 1, Message::request, limits).reason, Reason::header_too_large);
  EXPECT_EQ(verdict(kRequest, 1000, Message::request, limits).reason, Reason::header_too_large);
}

TEST(HeadScanner, AnEndlessHeadEndsAtTheLimit) {
  std::string endless = "HTTP/1.1 200 OK\r\nX: " + std::string(20'000, 'x');
  EXPECT_EQ(verdict(endless, 1000, Message::response).reason, Reason::response_invalid);

  std::string lines = "GET / HTTP/1.1\r\n";
  while (lines.size() < 20'000) lines += "a:\r\n";
  EXPECT_EQ(verdict(lines, 1000).reason, Reason::header_too_large);
}

TEST(HeadScanner, DetailsNeverEchoWhatWasReceived) {
  HeadLimits limits;
  HeadScanner scanner(Message::request, limits);

  auto result = scanner.scan(bytes("\x1b[31mevil / HTTP/1.1\r\n"));

  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().detail.find('\x1b'), std::string::npos);
  EXPECT_EQ(result.error().detail.find("evil"), std::string::npos);
}

}  // namespace
}  // namespace sluice::http::h1::head_scanner_test
