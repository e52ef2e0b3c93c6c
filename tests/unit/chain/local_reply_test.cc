// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/local_reply.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"

#include "tests/support/fake_stream.h"

namespace sluice::chain::local_reply_test {
namespace {

using base::Reason;
using http::FieldId;
using test::FakeExchange;
using testing::HasSubstr;

std::string field(FakeExchange& fake, FieldId id) { return std::string(fake.response().fields.value(id)); }

TEST(LocalReply, SaysTheReasonInStatusFieldAndBody) {
  FakeExchange fake;
  fake.ex.request_id = "id-1";

  make_local_reply(fake.ex, Reason::no_route);

  EXPECT_EQ(fake.response().status, 404);
  EXPECT_EQ(test::lines(fake.response().fields),
            "Content-Type: application/problem+json\n"
            "Proxy-Status: sluice; error=destination_not_found; details=\"no_route\"\n");
  EXPECT_EQ(
      fake.body(),
      R"({"type":"urn:sluice:reason:no_route","title":"No route","status":404,)"
      R"("detail":"No route matches the request's host and path.","instance":"id-1","reason":"no_route"})"
      "\n");
  EXPECT_EQ(fake.ex.reason, Reason::no_route);
  EXPECT_TRUE(fake.ex.answered_locally);
}

TEST(LocalReply, KnowsItsLength) {
  FakeExchange fake;

  make_local_reply(fake.ex, Reason::forbidden);

  auto length = fake.ex.response_body->length();
  EXPECT_EQ(length, fake.body().size());
}

TEST(LocalReply, GivesTheExchangeAnIdThatTheBodyNames) {
  FakeExchange fake;

  make_local_reply(fake.ex, Reason::forbidden);

  ASSERT_EQ(fake.ex.request_id.size(), 36U);
  EXPECT_THAT(fake.body(), HasSubstr("\"instance\":\"" + std::string(fake.ex.request_id) + "\""));
}

TEST(LocalReply, AnswersACallOfGrpcInGrpc) {
  FakeExchange fake;
  fake.request().fields.add(FieldId::content_type, "application/grpc+proto");

  make_local_reply(fake.ex, Reason::rate_limited, "10 per second, 100% used");

  EXPECT_EQ(fake.response().status, 200);
  EXPECT_EQ(
      test::lines(fake.response().fields),
      "Content-Type: application/grpc\n"
      "Proxy-Status: sluice; error=http_request_denied; details=\"rate_limited: 10 per second, 100% used\"\n"
      "grpc-status: 8\ngrpc-message: rate_limited: 10 per second, 100%25 used\n");
  EXPECT_EQ(fake.ex.response_body, nullptr);
  EXPECT_EQ(fake.ex.reason, Reason::rate_limited);
}

TEST(LocalReply, IsAFrameForWhoeverCallsFromAPage) {
  for (bool text : {false, true}) {
    FakeExchange fake("/shop.Cart/Add", "POST");
    fake.request().fields.add(FieldId::content_type,
                              text ? "application/grpc-web-text+proto; x=1" : "application/grpc-web");

    make_local_reply(fake.ex, Reason::unauthenticated, "no token");

    std::string_view frame(
        "\x80\0\0\0\x3a"
        "grpc-status: 16\r\ngrpc-message: unauthenticated: no token\r\n",
        5 + 58);
    EXPECT_EQ(fake.response().status, 200);
    EXPECT_EQ(fake.response().fields.value(FieldId::content_type),
              text ? "application/grpc-web-text+proto" : "application/grpc-web");
    EXPECT_FALSE(fake.response().fields.find("grpc-status"));
    EXPECT_EQ(fake.body(), text ? base::encode_base64(frame) : std::string(frame));
  }
}

TEST(LocalReply, CopiesTheDetail) {
  FakeExchange fake;
  {
    std::string detail = "10 per second";
    make_local_reply(fake.ex, Reason::rate_limited, detail);
    detail.assign(detail.size(), '#');
  }

  EXPECT_EQ(fake.ex.detail, "10 per second");
  EXPECT_THAT(fake.body(), HasSubstr("\"detail\":\"10 per second\""));
  EXPECT_EQ(field(fake, FieldId::proxy_status),
            "sluice; error=http_request_denied; details=\"rate_limited: 10 per second\"");
}

TEST(LocalReply, LetsNoDetailBreakOutOfFieldOrBody) {
  FakeExchange fake;

  make_local_reply(fake.ex, Reason::validation, "a\"b\\c\r\nSet-Cookie: x\x01\xC3\xA9\xFF");

  EXPECT_EQ(field(fake, FieldId::proxy_status),
            "sluice; error=http_request_denied; details=\"validation: a\\\"b\\\\c??Set-Cookie: x????\"");
  EXPECT_THAT(fake.body(), HasSubstr(R"("detail":"a\"b\\c\r\nSet-Cookie: x\u0001)"
                                     "\u00e9\uFFFD\""));
}

class Witness final : public http::Body {
 public:
  Witness(bool& abandoned, bool& gone) : abandoned_(abandoned), gone_(gone) {}
  ~Witness() override { gone_ = true; }
  base::Task<base::Result<http::Piece>> read(std::size_t) override {
    return base::Result<http::Piece>(http::Piece{{}, true, nullptr});
  }
  std::optional<std::uint64_t> length() const noexcept override { return 0; }
  void abandon() noexcept override { abandoned_ = true; }

 private:
  bool& abandoned_;
  bool& gone_;
};

TEST(LocalReply, TakesThePlaceOfAResponseThatWasThere) {
  FakeExchange fake;
  bool abandoned = false, gone = false;
  fake.response().status = 200;
  fake.response().reason = "Fine";
  fake.response().fields.add(FieldId::set_cookie, "secret");
  fake.ex.response_body = http::make_body<Witness>(fake.ex.arena, abandoned, gone);

  make_local_reply(fake.ex, Reason::timeout_total);

  EXPECT_TRUE(abandoned);
  EXPECT_TRUE(gone);
  EXPECT_EQ(fake.response().status, 504);
  EXPECT_EQ(fake.response().reason, "");
  EXPECT_FALSE(fake.response().fields.has(FieldId::set_cookie));
}

TEST(LocalReply, AsksToTryAgainWhereThatHelps) {
  for (Reason reason :
       {Reason::overload, Reason::draining, Reason::concurrency, Reason::no_healthy_upstream}) {
    FakeExchange fake;
    make_local_reply(fake.ex, reason);
    EXPECT_EQ(field(fake, FieldId::retry_after), "1") << base::row(reason).name;
  }
  for (Reason reason : {Reason::forbidden, Reason::rate_limited, Reason::timeout_total}) {
    FakeExchange fake;
    make_local_reply(fake.ex, reason);
    EXPECT_FALSE(fake.response().fields.has(FieldId::retry_after)) << base::row(reason).name;
  }
}

TEST(LocalReply, NamesTheLimitThatWasExceeded) {
  FakeExchange fake;
  fake.ex.request_id = "id-1";

  make_limit_reply(fake.ex, Reason::rate_limited, "at most 100/min", "\"default\"");

  EXPECT_EQ(fake.response().status, 429);
  EXPECT_EQ(fake.body(),
            R"({"type":"https://iana.org/assignments/http-problem-types#quota-exceeded",)"
            R"("title":"Rate limit exceeded","status":429,"detail":"at most 100/min","instance":"id-1",)"
            R"("violated-policies":["default"],"reason":"rate_limited"})"
            "\n");
}

TEST(LocalReply, IsWellFormedForEveryReason) {
  for (const base::ReasonRow& row : base::reason_rows()) {
    FakeExchange fake;
    make_local_reply(fake.ex, row.reason);
    EXPECT_EQ(fake.response().status, row.status);
    std::string body = fake.body();
    EXPECT_THAT(body, testing::StartsWith("{\"type\":\"urn:sluice:reason:" + std::string(row.name) + "\""));
    EXPECT_THAT(body, testing::EndsWith("\"reason\":\"" + std::string(row.name) + "\"}\n"));
    EXPECT_THAT(field(fake, FieldId::proxy_status),
                testing::EndsWith("details=\"" + std::string(row.name) + "\""));
  }
}

TEST(LocalReply, HidesFromTheCallerWhatWentWrongBehindTheGateway) {
  FakeExchange fake;

  make_local_reply(fake.ex, {Reason::upstream_reset, "10.0.0.3:8080 reset"});

  EXPECT_EQ(fake.ex.detail, "10.0.0.3:8080 reset");
  EXPECT_THAT(fake.body(), Not(HasSubstr("10.0.0.3")));
  EXPECT_THAT(field(fake, FieldId::proxy_status), Not(HasSubstr("10.0.0.3")));
}

TEST(LocalReply, ShowsTheCallerItsOwnFault) {
  FakeExchange fake;

  make_local_reply(fake.ex, {Reason::bad_request, "an encoded NUL in the path"});

  EXPECT_THAT(fake.body(), HasSubstr("an encoded NUL in the path"));
}

TEST(SendTo, LeavesNothingOfAnAnswerButTheWay) {
  FakeExchange fake;
  fake.response().fields.add(FieldId::content_type, "text/plain");

  send_to(fake.ex, 307, "https://example.com/");

  EXPECT_EQ(fake.response().status, 307);
  EXPECT_EQ(field(fake, FieldId::location), "https://example.com/");
  EXPECT_FALSE(fake.response().fields.has(FieldId::content_type));
  EXPECT_TRUE(fake.ex.answered_locally);
}

TEST(LocalReply, IsWhatAFilterReturns) {
  FakeExchange fake;

  EXPECT_EQ(reply(fake.ex, Reason::unauthenticated), Step::replied);
  EXPECT_EQ(fake.response().status, 401);
}

}  // namespace
}  // namespace sluice::chain::local_reply_test
