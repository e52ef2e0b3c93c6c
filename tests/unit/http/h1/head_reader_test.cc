// SPDX-License-Identifier: Apache-2.0
// One outcome whatever the pieces; head_scanner_test.cc and parser_test.cc have the verdicts themselves.
#include "gateway/http/h1/head_reader.h"

#include <gtest/gtest.h>

#include "tests/unit/http/h1/heads.h"

namespace sluice::http::h1::head_reader_test {
namespace {

using base::Reason;

const std::string kRequest =
    "POST /a?b HTTP/1.1\r\nHost: a.example\r\nContent-Length: 5\r\nConnection: close\r\n\r\n";
const std::string kResponse = "HTTP/1.1 200 OK\r\nServer: x\r\nTransfer-Encoding: chunked\r\n\r\n";

class RequestReading : public testing::Test {
 protected:
  base::Result<std::size_t> read(std::string_view received) { return reader.read(bytes(received), head); }

  HeadLimits limits;
  RequestReader reader{limits};
  base::Arena arena;
  RequestHead head{arena};
};

TEST_F(RequestReading, OfAWholeHeadTakesOneCall) {
  std::string with_body = kRequest + "hello";

  auto length = read(with_body);

  ASSERT_TRUE(length);
  EXPECT_EQ(*length, kRequest.size());
  EXPECT_EQ(head.path, "/a");
  EXPECT_EQ(head.fields.lines().size(), 3U);
  EXPECT_EQ(reader.control().framing.length, 5U);
  EXPECT_FALSE(reader.control().keep_alive);
}

TEST_F(RequestReading, OfTwoPiecesHasTheSameOutcomeWhereverTheyMeet) {
  for (std::size_t n = 0; n < kRequest.size(); ++n) {
    ASSERT_EQ(*read(std::string_view(kRequest).substr(0, n)), 0U) << n;
    EXPECT_EQ(reader.begun(), n > 0) << n;
    EXPECT_TRUE(head.fields.lines().empty()) << n;
    ASSERT_EQ(*read(kRequest), kRequest.size()) << n;
    EXPECT_EQ(head.host, "a.example");
    EXPECT_EQ(reader.control().framing.length, 5U);
    reader.reset();
  }
}

TEST_F(RequestReading, GoesOnWithTheNextAfterReset) {
  ASSERT_EQ(*read(kRequest), kRequest.size());
  reader.reset();

  std::string next = "GET /next HTTP/1.1\r\nHost: b\r\n\r\n";
  ASSERT_EQ(*read(next), next.size());
  EXPECT_EQ(head.path, "/next");
  EXPECT_EQ(reader.control().framing.kind, Framing::Kind::none);
  EXPECT_TRUE(reader.control().keep_alive);
}

TEST_F(RequestReading, CountsEmptyLinesBeforeTheHead) {
  auto length = read("\r\n" + kRequest);

  ASSERT_TRUE(length);
  EXPECT_EQ(*length, kRequest.size() + 2);
  EXPECT_EQ(head.method, Method::post);
}

TEST_F(RequestReading, RefusesEarlyWhatCanBecomeNoHead) {
  EXPECT_EQ(read("\x16\x03\x01").error().reason, Reason::bad_request);
}

TEST_F(RequestReading, RefusedHeadsLeaveNoStartLineBehind) {
  ASSERT_FALSE(read("GET /secret HTTP/1.1\r\nHost: a\r\nX: \x01\r\n\r\n"));

  EXPECT_EQ(head.method, Method::other);
  EXPECT_EQ(head.target, "");
  EXPECT_EQ(head.path, "");
}

struct Limited {
  const char* name;
  std::size_t HeadLimits::* limit;
  std::size_t most;  // that still fits kRequest
  Reason reason;
};

class RequestLimit : public testing::TestWithParam<Limited> {};

TEST_P(RequestLimit, CountsToTheByteAndTheLine) {
  const Limited& l = GetParam();
  HeadLimits limits;
  base::Arena arena;
  RequestHead head(arena);

  limits.*l.limit = l.most;
  EXPECT_TRUE(RequestReader(limits).read(bytes(kRequest), head));
  limits.*l.limit = l.most - 1;
  EXPECT_EQ(RequestReader(limits).read(bytes(kRequest), head).error().reason, l.reason);
}

INSTANTIATE_TEST_SUITE_P(All, RequestLimit,
                         testing::Values(Limited{"head", &HeadLimits::head, kRequest.size(),
                                                 Reason::header_too_large},
                                         Limited{"uri", &HeadLimits::uri, 4, Reason::uri_too_long},
                                         Limited{"fields", &HeadLimits::fields, 3, Reason::header_too_large}),
                         [](const auto& p) { return p.param.name; });

// As many as the setting may allow, which somebody has chosen so that they meet in the table of known names.
TEST_F(RequestReading, LimitsUnknownNamesOfOneLength) {
  std::string text = "GET / HTTP/1.1\r\nHost: a\r\n";
  for (int i = 0; i < 999; ++i) text += std::to_string(1'000'000 + i) + "-Type:\r\n";
  text += "\r\n";

  limits.fields = 1000;
  ASSERT_TRUE(RequestReader(limits).read(bytes(text), head));
  EXPECT_EQ(head.fields.lines().size(), 1000U);
  EXPECT_FALSE(head.fields.has(FieldId::content_type));

  limits.fields = 999;
  EXPECT_EQ(RequestReader(limits).read(bytes(text), head).error().reason, Reason::header_too_large);
}

TEST_F(RequestReading, LimitsTheMethod) {
  std::string rest = " / HTTP/1.1\r\nHost: a\r\n\r\n";
  EXPECT_TRUE(read(std::string(32, 'M') + rest));
  reader.reset();

  EXPECT_EQ(read(std::string(33, 'M') + rest).error().reason, Reason::not_implemented);
}

TEST(ResponseReading, HasTheSameOutcomeInAnyPieces) {
  HeadLimits limits;
  for (std::size_t n = 0; n <= kResponse.size(); ++n) {
    ResponseReader reader(limits);
    base::Arena arena;
    ResponseHead head(arena);
    auto first = reader.read(bytes(kResponse).first(n), {}, head);
    ASSERT_EQ(*first, n < kResponse.size() ? 0U : n);
    if (*first != 0) reader.reset();

    ASSERT_EQ(*reader.read(bytes(kResponse), {}, head), kResponse.size()) << n;
    EXPECT_EQ(head.status, 200);
    EXPECT_EQ(head.fields.lines().size(), 2U);
    EXPECT_EQ(reader.control().framing.kind, Framing::Kind::chunked);
  }
}

TEST(ResponseReading, TakesOneInterimResponseAtATime) {
  HeadLimits limits;
  ResponseReader reader(limits);
  base::Arena arena;
  ResponseHead head(arena);
  std::string interim = "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n";
  std::string both = interim + kResponse;

  ASSERT_EQ(*reader.read(bytes(both), {}, head), interim.size());
  EXPECT_EQ(head.status, 103);
  reader.reset();
  ASSERT_EQ(*reader.read(bytes(both).subspan(interim.size()), {}, head), kResponse.size());
  EXPECT_EQ(head.status, 200);
}

TEST(ResponseReading, KnowsWhatWasAsked) {
  HeadLimits limits;
  base::Arena arena;
  ResponseHead head(arena);
  ResponseReader reader(limits);

  ASSERT_TRUE(reader.read(bytes(kResponse), Asked{Method::head}, head));

  EXPECT_EQ(reader.control().framing.kind, Framing::Kind::none);
  EXPECT_EQ(ResponseReader(limits).read(bytes("HTTP/1.1 101 Go\r\n\r\n"), {}, head).error().reason,
            Reason::upstream_protocol);
}

}  // namespace
}  // namespace sluice::http::h1::head_reader_test
