// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/chunked.h"

#include <gmock/gmock.h>

#include "tests/unit/http/h1/heads.h"

namespace sluice::http::h1::chunked_test {
namespace {

using base::Reason;
using testing::ElementsAre;
using testing::IsEmpty;

struct Decoded {
  Reason reason = Reason::none;
  std::string body;
  std::size_t consumed = 0;
  bool done = false;
  std::vector<std::string> trailers;
};

// Feeds the text in pieces of `piece` bytes.
Decoded decode(std::string_view text, std::size_t piece, Message kind = Message::request) {
  base::Arena arena;
  Fields trailers(arena);
  ChunkedDecoder decoder(kind, &trailers);
  Decoded d;
  for (std::size_t at = 0; at < text.size() && !d.done; at += piece) {
    std::string part(text.substr(at, piece));
    std::size_t used = 0;
    while (used < part.size() && !d.done) {
      auto step = decoder.feed(bytes(part).subspan(used));
      if (!step) {
        d.reason = step.error().reason;
        return d;
      }
      if (step->consumed == 0) ADD_FAILURE() << "no progress";
      d.body.append(step->body.data(), step->body.size());
      used += step->consumed;
      d.done = step->done;
    }
    d.consumed += used;
  }
  d.trailers = lines_of(trailers);
  EXPECT_EQ(d.done, decoder.done());
  return d;
}

constexpr std::string_view kBody = "5\r\nhello\r\nA\r\n, chunked!\r\n1;x=\"y\"\r\n.\r\n0\r\nX-Sum: 1\r\n\r\n";

TEST(ChunkedDecoder, YieldsTheBodyInAnyPieces) {
  std::string text = std::string(kBody) + "GET /next";
  for (std::size_t piece = 1; piece <= text.size(); ++piece) {
    auto d = decode(text, piece);

    EXPECT_EQ(d.reason, Reason::none) << piece;
    EXPECT_EQ(d.body, "hello, chunked!.") << piece;
    EXPECT_TRUE(d.done) << piece;
    EXPECT_EQ(d.consumed, kBody.size()) << piece;
    EXPECT_THAT(d.trailers, ElementsAre("X-Sum: 1")) << piece;
  }
}

TEST(ChunkedDecoder, IsNotDoneOnAnyPrefix) {
  for (std::size_t n = 0; n < kBody.size(); ++n) {
    auto d = decode(kBody.substr(0, n), 100);
    EXPECT_EQ(d.reason, Reason::none) << n;
    EXPECT_FALSE(d.done) << n;
    EXPECT_EQ(d.consumed, n) << n;
  }
}

TEST(ChunkedDecoder, GivesOneChunkAndTheEndInOneStep) {
  std::string text = "5\r\nhello\r\n0\r\n\r\n";
  ChunkedDecoder decoder(Message::response);

  auto step = decoder.feed(bytes(text));

  ASSERT_TRUE(step);
  EXPECT_EQ(step->body.data(), text.data() + 3) << "a view into the input";
  EXPECT_EQ(step->body.size(), 5U);
  EXPECT_EQ(step->consumed, text.size());
  EXPECT_TRUE(step->done);
}

TEST(ChunkedDecoder, TakesSizesInEitherCaseAndWithLeadingZeros) {
  std::string sixteen(26, 'x');
  EXPECT_EQ(decode("1a\r\n" + sixteen + "\r\n0\r\n\r\n", 100).body, sixteen);
  EXPECT_EQ(decode("1A\r\n" + sixteen + "\r\n0\r\n\r\n", 100).body, sixteen);
  EXPECT_EQ(decode("000000000000001A\r\n" + sixteen + "\r\n0\r\n\r\n", 100).body, sixteen);
  EXPECT_TRUE(decode("0000\r\n\r\n", 100).done);
}

struct BadBody {
  const char* name;
  std::string text;
};

class RefusedBody : public testing::TestWithParam<BadBody> {};

TEST_P(RefusedBody, IsABadRequestOrAnInvalidResponseInAnyPieces) {
  for (std::size_t piece : {1U, 2U, 3U, 1000U}) {
    EXPECT_EQ(decode(GetParam().text, piece).reason, Reason::bad_request) << piece;
    EXPECT_EQ(decode(GetParam().text, piece, Message::response).reason, Reason::response_invalid) << piece;
  }
}

INSTANTIATE_TEST_SUITE_P(
    Size, RefusedBody,
    testing::Values(BadBody{"empty", "\r\nhello"}, BadBody{"prefix", "0x5\r\nhello\r\n"},
                    BadBody{"letter", "g\r\n"}, BadBody{"plus", "+5\r\nhello\r\n"},
                    BadBody{"minus", "-5\r\nhello\r\n"}, BadBody{"leading_space", " 5\r\nhello\r\n"},
                    BadBody{"leading_tab", "\t5\r\nhello\r\n"}, BadBody{"trailing_space", "5 \r\nhello\r\n"},
                    BadBody{"trailing_tab", "5\t\r\nhello\r\n"}, BadBody{"inner_space", "5 5\r\n"},
                    BadBody{"underscore", "1_0\r\n"}, BadBody{"comma", "5,5\r\n"},
                    BadBody{"seventeen_digits", "00000000000000005\r\nhello\r\n"},
                    BadBody{"over_63_bits", "8000000000000000\r\n"},
                    BadBody{"all_bits", "ffffffffffffffff\r\n"}, BadBody{"bare_lf", "5\nhello\r\n"},
                    BadBody{"bare_cr", "5\rhello\r\n"}, BadBody{"two_cr", "5\r\r\nhello"},
                    BadBody{"nul", std::string("5\0\r\n", 4)}, BadBody{"quote", "\"5\"\r\n"},
                    BadBody{"not_ascii", "\xd9\xa5\r\n"}),
    [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(Data, RefusedBody,
                         testing::Values(BadBody{"too_long", "5\r\nhellooo\r\n"},
                                         BadBody{"lf_after", "5\r\nhello\n0\r\n\r\n"},
                                         BadBody{"cr_after", "5\r\nhello\r0\r\n\r\n"},
                                         BadBody{"missing_crlf", "5\r\nhello0\r\n\r\n"},
                                         BadBody{"xx_after", "5\r\nhelloXX0\r\n\r\n"}),
                         [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(
    Extension, RefusedBody,
    testing::Values(BadBody{"bare_lf", "5;a\nhello\r\n"}, BadBody{"bare_cr", "5;a\rb\r\nhello\r\n"},
                    BadBody{"nul", std::string("5;\0\r\n", 5)},
                    BadBody{"quoted_crlf", "5;a=\"\r\n\"\r\nhello\r\n"}, BadBody{"del", "5;\x7f\r\n"},
                    BadBody{"too_long", "5;" + std::string(2000, 'a') + "\r\nhello\r\n"},
                    BadBody{"too_many_blanks", "5" + std::string(2000, ' ') + ";a\r\nhello\r\n"}),
    [](const auto& p) { return p.param.name; });

INSTANTIATE_TEST_SUITE_P(Trailer, RefusedBody,
                         testing::Values(BadBody{"no_colon", "0\r\nX\r\n\r\n"},
                                         BadBody{"space_before_colon", "0\r\nX : a\r\n\r\n"},
                                         BadBody{"empty_name", "0\r\n: a\r\n\r\n"},
                                         BadBody{"fold", "0\r\nX: a\r\n b\r\n\r\n"},
                                         BadBody{"bare_lf", "0\r\nX: a\n\r\n"}, BadBody{"lf_only", "0\r\n\n"},
                                         BadBody{"bare_cr", "0\r\nX: a\rb\r\n\r\n"},
                                         BadBody{"cr_first", "0\r\n\rX: a\r\n\r\n"},
                                         BadBody{"control", "0\r\nX: \x01\r\n\r\n"},
                                         BadBody{"nul", std::string("0\r\nX: \0\r\n\r\n", 11)},
                                         BadBody{"request_line", "0\r\nGET / HTTP/1.1\r\n\r\n"}),
                         [](const auto& p) { return p.param.name; });

TEST(ChunkedDecoder, AcceptsExtensions) {
  for (const char* text : {"5;a\r\nhello\r\n0\r\n\r\n", "5;a=b;c=\"d e\"\r\nhello\r\n0;x\r\n\r\n",
                           "5 ; a = b\r\nhello\r\n0\r\n\r\n"})
    EXPECT_EQ(decode(text, 1).body, "hello") << text;
}

TEST(ChunkedDecoder, ExtensionsMustBePaidForByBody) {
  std::string tiny, paid;
  for (int i = 0; i < 200; ++i) {
    tiny += "1;" + std::string(900, 'e') + "\r\nx\r\n";
    paid += "400;" + std::string(900, 'e') + "\r\n" + std::string(1024, 'x') + "\r\n";
  }

  EXPECT_EQ(decode(tiny, 1000).reason, Reason::bad_request);
  EXPECT_EQ(decode(paid + "0\r\n\r\n", 1000).body.size(), 200U * 1024);
}

TEST(ChunkedDecoder, LeavesOutTrailersThatWouldChangeTheMessage) {
  auto d = decode(
      "0\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\nHost: b\r\nAuthorization: x\r\nCookie: c\r\n"
      "Connection: close\r\nX-Forwarded-For: 1\r\nIf-Match: y\r\nExpires: 0\r\nWWW-Authenticate: z\r\n"
      "Trailer: a\r\ngrpc-status: 0\r\nETag:  \"e\" \r\n\r\n",
      7);

  EXPECT_TRUE(d.done);
  EXPECT_THAT(d.trailers, ElementsAre("grpc-status: 0", "ETag: \"e\""));
}

TEST(ChunkedDecoder, LimitsTheTrailerSection) {
  std::string line = "X: y\r\n", many, big = "X: " + std::string(9000, 'x') + "\r\n";
  for (int i = 0; i < 32; ++i) many += line;

  EXPECT_TRUE(decode("0\r\n" + many + "\r\n", 10).done);
  EXPECT_EQ(decode("0\r\n" + many + line + "\r\n", 10).reason, Reason::header_too_large);
  EXPECT_EQ(decode("0\r\n" + big + "\r\n", 10).reason, Reason::header_too_large);
  EXPECT_EQ(decode("0\r\n" + big + "\r\n", 10, Message::response).reason, Reason::response_invalid);
}

TEST(ChunkedDecoder, ChecksTrailersThatNobodyWants) {
  ChunkedDecoder good(Message::request), bad(Message::request);

  EXPECT_TRUE(good.feed(bytes("0\r\nX: a\r\n\r\n"))->done);
  EXPECT_FALSE(bad.feed(bytes("0\r\nX a\r\n\r\n")));
}

std::string head(std::uint64_t size) {
  char out[kMaxChunkHead];
  return std::string(out, write_chunk_head(out, size));
}

TEST(WriteChunkHead, WritesTheSizeInHexadecimal) {
  EXPECT_EQ(head(1), "1\r\n");
  EXPECT_EQ(head(16), "10\r\n");
  EXPECT_EQ(head(0xabcdef), "abcdef\r\n");
  EXPECT_EQ(head(~std::uint64_t{0}), "ffffffffffffffff\r\n");
}

TEST(WriteLastChunk, HasTheAllowedTrailersOnly) {
  base::Arena arena;
  Fields trailers(arena);
  trailers.add("grpc-status", "0");
  trailers.add("Content-Length", "5");
  trailers.add("X-Gone", "1");
  trailers.remove("X-Gone");
  std::string out(last_chunk_size(trailers), '\0');

  out.resize(static_cast<std::size_t>(write_last_chunk(out.data(), trailers) - out.data()));

  EXPECT_EQ(out, "0\r\ngrpc-status: 0\r\n\r\n");
}

TEST(WriteLastChunk, IsKLastChunkWithoutTrailers) {
  base::Arena arena;
  Fields none(arena);
  std::string out(last_chunk_size(none), '\0');

  out.resize(static_cast<std::size_t>(write_last_chunk(out.data(), none) - out.data()));

  EXPECT_EQ(out, kLastChunk);
}

TEST(Chunked, WhatIsWrittenIsRead) {
  std::string wire, body;
  for (std::size_t size : {1U, 15U, 16U, 255U, 4096U, 70'000U}) {
    std::string piece(size, static_cast<char>('a' + size % 26));
    wire += head(size) + piece + std::string(kChunkEnd);
    body += piece;
  }
  wire += kLastChunk;

  EXPECT_EQ(decode(wire, 1000).body, body);
  EXPECT_THAT(decode(wire, wire.size()).trailers, IsEmpty());
}

}  // namespace
}  // namespace sluice::http::h1::chunked_test
