// SPDX-License-Identifier: Apache-2.0
// The length of bodies and the life of connections, through whole heads: where requests are smuggled.
#include "gateway/http/h1/framing.h"

#include <gtest/gtest.h>

#include "tests/unit/http/h1/heads.h"

namespace sluice::http::h1::framing_test {
namespace {

using base::Reason;
using Kind = Framing::Kind;

std::string post(const std::string& fields, const std::string& version = "1.1") {
  return "POST / HTTP/" + version + "\r\nHost: a\r\n" + fields + "\r\n";
}
std::string ok(const std::string& fields, const std::string& version = "1.1") {
  return "HTTP/" + version + " 200 OK\r\n" + fields + "\r\n";
}

struct Ambiguous {
  const char* name;
  const char* fields;
  Reason request = Reason::bad_request;
};

class AmbiguousFraming : public testing::TestWithParam<Ambiguous> {};

TEST_P(AmbiguousFraming, IsRefusedOnBothSides) {
  const Ambiguous& a = GetParam();

  Request r(post(a.fields));
  EXPECT_EQ(r.reason(), a.request) << r.detail();
  EXPECT_NE(r.detail(), "");
  Response s(ok(a.fields));
  EXPECT_EQ(s.reason(), Reason::response_invalid) << s.detail();
}

INSTANTIATE_TEST_SUITE_P(
    ContentLength, AmbiguousFraming,
    testing::Values(
        Ambiguous{"empty", "Content-Length:\r\n"}, Ambiguous{"plus", "Content-Length: +5\r\n"},
        Ambiguous{"minus", "Content-Length: -5\r\n"}, Ambiguous{"minus_zero", "Content-Length: -0\r\n"},
        Ambiguous{"hex", "Content-Length: 0x5\r\n"}, Ambiguous{"letters", "Content-Length: 5a\r\n"},
        Ambiguous{"space", "Content-Length: 5 5\r\n"}, Ambiguous{"decimal", "Content-Length: 5.0\r\n"},
        Ambiguous{"exponent", "Content-Length: 1e3\r\n"}, Ambiguous{"quoted", "Content-Length: \"5\"\r\n"},
        Ambiguous{"semicolon", "Content-Length: 5;\r\n"}, Ambiguous{"list_equal", "Content-Length: 5, 5\r\n"},
        Ambiguous{"list_different", "Content-Length: 5, 6\r\n"},
        Ambiguous{"list_comma", "Content-Length: 5,\r\n"}, Ambiguous{"comma_list", "Content-Length: ,5\r\n"},
        Ambiguous{"twice_equal", "Content-Length: 5\r\nContent-Length: 5\r\n"},
        Ambiguous{"twice_different", "Content-Length: 5\r\nContent-Length: 6\r\n"},
        Ambiguous{"twice_case", "Content-Length: 5\r\ncontent-length: 5\r\n"},
        Ambiguous{"over_64_bits", "Content-Length: 18446744073709551616\r\n"},
        Ambiguous{"over_63_bits", "Content-Length: 9223372036854775808\r\n"},
        Ambiguous{"many_digits", "Content-Length: 99999999999999999999999999999999\r\n"}),
    [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(
    TransferEncoding, AmbiguousFraming,
    testing::Values(
        Ambiguous{"empty", "Transfer-Encoding:\r\n"},
        Ambiguous{"identity", "Transfer-Encoding: identity\r\n"},
        Ambiguous{"gzip", "Transfer-Encoding: gzip\r\n"},
        Ambiguous{"x_chunked", "Transfer-Encoding: xchunked\r\n"},
        Ambiguous{"chunked_x", "Transfer-Encoding: chunkedx\r\n"},
        Ambiguous{"quoted", "Transfer-Encoding: \"chunked\"\r\n"},
        Ambiguous{"single_quoted", "Transfer-Encoding: 'chunked'\r\n"},
        Ambiguous{"parameter", "Transfer-Encoding: chunked;a=b\r\n"},
        Ambiguous{"comma_after", "Transfer-Encoding: chunked,\r\n"},
        Ambiguous{"comma_before", "Transfer-Encoding: ,chunked\r\n"},
        Ambiguous{"chunked_twice", "Transfer-Encoding: chunked, chunked\r\n"},
        Ambiguous{"chunked_not_last", "Transfer-Encoding: chunked, gzip\r\n"},
        Ambiguous{"chunked_inside", "Transfer-Encoding: chunked, gzip, chunked\r\n"},
        Ambiguous{"chunked_identity", "Transfer-Encoding: chunked, identity\r\n"},
        Ambiguous{"space_separated", "Transfer-Encoding: chunked chunked\r\n"},
        Ambiguous{"two_lines", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n"},
        Ambiguous{"two_lines_identity", "Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n"},
        Ambiguous{"two_lines_gzip_first", "Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n"},
        Ambiguous{"two_lines_empty_first", "Transfer-Encoding:\r\nTransfer-Encoding: chunked\r\n"},
        Ambiguous{"cow", "Transfer-Encoding: cow\r\n"},
        Ambiguous{"high", "Transfer-Encoding: chunked\xff\r\n"},
        Ambiguous{"gzip_then_chunked", "Transfer-Encoding: gzip, chunked\r\n", Reason::not_implemented}),
    [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Both, AmbiguousFraming,
    testing::Values(Ambiguous{"length_first", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n"},
                    Ambiguous{"coding_first", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n"},
                    Ambiguous{"length_zero", "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n"},
                    Ambiguous{"unknown_coding", "Content-Length: 5\r\nTransfer-Encoding: gzip\r\n"},
                    Ambiguous{"unknown_coding_first", "Transfer-Encoding: x\r\nContent-Length: 5\r\n"}),
    [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Connection, AmbiguousFraming,
    testing::Values(
        Ambiguous{"names_length", "Content-Length: 5\r\nConnection: content-length\r\n"},
        Ambiguous{"names_coding", "Transfer-Encoding: chunked\r\nConnection: close, Transfer-Encoding\r\n"},
        Ambiguous{"names_host", "Content-Length: 5\r\nConnection: HOST\r\n"},
        Ambiguous{"second_line", "Content-Length: 5\r\nConnection: close\r\nConnection: host\r\n"},
        Ambiguous{"not_a_list", "Connection: \"close\"\r\n"},
        Ambiguous{"parameter", "Connection: close;x\r\n"}),
    [](const auto& p) { return p.param.name; });

TEST(Framing, ManyConnectionOptionsAreRefused) {
  std::string options = "Connection: a";
  for (int i = 1; i < 32; ++i) options += ",a";

  EXPECT_TRUE(Request(post(options + "\r\n")).verdict);
  EXPECT_EQ(Request(post(options + ",a\r\n")).reason(), Reason::bad_request);
}

TEST(Framing, OfRequestsFollowsTheirFields) {
  EXPECT_EQ(Request(post("")).verdict->framing.kind, Kind::none);
  EXPECT_EQ(Request(post("Content-Length: 0\r\n")).verdict->framing.kind, Kind::length);
  EXPECT_EQ(Request(post("Content-Length: 0005\r\n")).verdict->framing.length, 5U);
  EXPECT_EQ(Request(post("content-length: 9223372036854775807\r\n")).verdict->framing.length,
            9223372036854775807U);
  EXPECT_EQ(Request(post("Transfer-Encoding: chunked\r\n")).verdict->framing.kind, Kind::chunked);
  EXPECT_EQ(Request(post("transfer-encoding: ChunKED\r\n")).verdict->framing.kind, Kind::chunked);
  EXPECT_EQ(Request(post("Transfer-Encoding: \t chunked \r\n")).verdict->framing.kind, Kind::chunked);
}

TEST(Framing, ChunkedIsNotForHttp10) {
  EXPECT_EQ(Request(post("Transfer-Encoding: chunked\r\n", "1.0")).reason(), Reason::bad_request);
  EXPECT_EQ(Response(ok("Transfer-Encoding: chunked\r\n", "1.0")).reason(), Reason::response_invalid);
}

TEST(Framing, TraceAndConnectHaveNoBody) {
  EXPECT_EQ(Request("TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\n").reason(),
            Reason::bad_request);
  EXPECT_EQ(Request("CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\nTransfer-Encoding: chunked\r\n\r\n").reason(),
            Reason::bad_request);
  EXPECT_TRUE(Request("TRACE / HTTP/1.1\r\nHost: a\r\nContent-Length: 0\r\n\r\n").verdict);
}

TEST(Framing, OfResponsesFollowsStatusMethodAndFields) {
  EXPECT_EQ(Response(ok("")).verdict->framing.kind, Kind::until_close);
  EXPECT_EQ(Response(ok("Content-Length: 7\r\n")).verdict->framing.length, 7U);
  EXPECT_EQ(Response(ok("Transfer-Encoding: chunked\r\n")).verdict->framing.kind, Kind::chunked);
  EXPECT_EQ(Response(ok("Content-Length: 7\r\n", "1.0")).verdict->framing.kind, Kind::length);

  EXPECT_EQ(Response(ok("Content-Length: 7\r\n"), Asked{Method::head}).verdict->framing.kind, Kind::none);
  EXPECT_EQ(Response(ok("Transfer-Encoding: chunked\r\n"), Asked{Method::head}).verdict->framing.kind,
            Kind::none);
  EXPECT_EQ(Response(ok(""), Asked{Method::head}).verdict->framing.kind, Kind::none);
  EXPECT_EQ(Response(ok(""), Asked{Method::connect}).verdict->framing.kind, Kind::none);
  EXPECT_EQ(Response("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n").verdict->framing.kind,
            Kind::none);
  EXPECT_EQ(Response("HTTP/1.1 100 Continue\r\n\r\n").verdict->framing.kind, Kind::none);
}

TEST(Framing, ABodiless204ThatClaimsABodyCostsTheConnection) {
  Response claims("HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n");
  ASSERT_TRUE(claims.verdict) << claims.detail();
  EXPECT_EQ(claims.verdict->framing.kind, Kind::none);
  EXPECT_FALSE(claims.verdict->keep_alive);
  EXPECT_FALSE(Response("HTTP/1.1 103 Early Hints\r\nContent-Length: 5\r\n\r\n").verdict->keep_alive);

  EXPECT_TRUE(Response("HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n").verdict->keep_alive);
  EXPECT_TRUE(Response(ok("Content-Length: 7\r\n"), Asked{Method::head}).verdict->keep_alive);
  EXPECT_TRUE(Response("HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n").verdict->keep_alive);
}

TEST(Framing, OfBodilessResponsesIsCheckedAllTheSame) {
  EXPECT_EQ(Response(ok("Content-Length: x\r\n"), Asked{Method::head}).reason(), Reason::response_invalid);
  EXPECT_EQ(Response("HTTP/1.1 304 Not Modified\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n")
                .reason(),
            Reason::response_invalid);
}

struct Life {
  const char* version;
  const char* fields;
  bool keep_alive;
};

class KeepAlive : public testing::TestWithParam<Life> {};

TEST_P(KeepAlive, FollowsVersionAndConnection) {
  const Life& l = GetParam();

  EXPECT_EQ(Request(post(l.fields, l.version)).verdict->keep_alive, l.keep_alive) << l.version << l.fields;
  EXPECT_EQ(Response(ok(std::string("Content-Length: 0\r\n") + l.fields, l.version)).verdict->keep_alive,
            l.keep_alive);
}

INSTANTIATE_TEST_SUITE_P(
    All, KeepAlive,
    testing::Values(Life{"1.1", "", true}, Life{"1.1", "Connection: close\r\n", false},
                    Life{"1.1", "Connection: CLOSE\r\n", false},
                    Life{"1.1", "Connection: keep-alive\r\n", true},
                    Life{"1.1", "Connection: keep-alive, close\r\n", false},
                    Life{"1.1", "Connection: keep-alive\r\nConnection: close\r\n", false},
                    Life{"1.1", "Connection: x, , close\r\n", false},
                    Life{"1.1", "Connection: closed\r\n", true}, Life{"1.1", "Connection:\r\n", true},
                    Life{"1.1", "Proxy-Connection: close\r\n", true}, Life{"1.0", "", false},
                    Life{"1.0", "Connection: keep-alive\r\n", true},
                    Life{"1.0", "Connection: Keep-Alive\r\n", true},
                    Life{"1.0", "Connection: close, keep-alive\r\n", false},
                    Life{"1.0", "Proxy-Connection: keep-alive\r\n", false}));

TEST(Connection, UpgradeNeedsFieldOptionAndVersion) {
  EXPECT_TRUE(Request(post("Upgrade: websocket\r\nConnection: Upgrade\r\n")).verdict->upgrade);
  EXPECT_FALSE(Request(post("Upgrade: websocket\r\n")).verdict->upgrade);
  EXPECT_FALSE(Request(post("Connection: upgrade\r\n")).verdict->upgrade);
  EXPECT_FALSE(Request(post("Upgrade: websocket\r\nConnection: upgrade\r\n", "1.0")).verdict->upgrade);
}

TEST(Connection, TrailersAreTakenWhenTeSaysSo) {
  EXPECT_TRUE(Request(post("TE: trailers\r\nConnection: TE\r\n")).verdict->te_trailers);
  EXPECT_TRUE(Request(post("TE: deflate;q=0.5, trailers\r\nConnection: close, te\r\n")).verdict->te_trailers);
  EXPECT_FALSE(Request(post("TE: trailers\r\n")).verdict->te_trailers);
  EXPECT_FALSE(Request(post("TE: gzip\r\nConnection: TE\r\n")).verdict->te_trailers);
}

TEST(Expect, ContinueCountsWhenABodyFollows) {
  EXPECT_TRUE(Request(post("Expect: 100-continue\r\nContent-Length: 5\r\n")).verdict->expect_continue);
  EXPECT_TRUE(
      Request(post("Expect: 100-Continue\r\nTransfer-Encoding: chunked\r\n")).verdict->expect_continue);
  EXPECT_FALSE(Request(post("Expect: 100-continue\r\n")).verdict->expect_continue);
  EXPECT_FALSE(Request(post("Expect: 100-continue\r\nContent-Length: 0\r\n")).verdict->expect_continue);
  EXPECT_FALSE(Request(post("Content-Length: 5\r\n")).verdict->expect_continue);
}

TEST(Expect, AnythingElseFails) {
  for (const char* value : {"", "200-ok", "100-continue, x", "100-continue;a=b"})
    EXPECT_EQ(Request(post("Expect: " + std::string(value) + "\r\nContent-Length: 5\r\n")).reason(),
              Reason::expectation)
        << value;
  EXPECT_EQ(Request(post("Expect: 100-continue\r\nExpect: x\r\nContent-Length: 5\r\n")).reason(),
            Reason::expectation);
}

TEST(Expect, MeansNothingInHttp10) {
  Request r(post("Expect: x\r\nContent-Length: 5\r\n", "1.0"));

  ASSERT_TRUE(r.verdict) << r.detail();
  EXPECT_FALSE(r.verdict->expect_continue);
}

}  // namespace
}  // namespace sluice::http::h1::framing_test
