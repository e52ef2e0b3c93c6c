// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/grpc_call.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::handlers::grpc_call_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using http::FieldId;
using upstream::GrpcRetry;
using upstream::RetryConfig;

struct GrpcCallTest : testing::Test {
  GrpcCallTest() {
    fake.stream.begun_at = fake.clock.steady();
    fake.request().fields.add(FieldId::content_type, "application/grpc");
  }
  void timeout(std::string_view value) { fake.request().fields.add("grpc-timeout", value); }

  test::FakeExchange fake{"/shop.Cart/Add", "POST"};
};

TEST_F(GrpcCallTest, IsToldByTheContentType) {
  EXPECT_TRUE(GrpcCall(fake.ex, true));
  fake.request().fields.set(FieldId::content_type, "application/json");
  EXPECT_FALSE(GrpcCall(fake.ex, true));
}

TEST_F(GrpcCallTest, IsNoneWhereTheUpstreamCannotSpeakIt) { EXPECT_FALSE(GrpcCall(fake.ex, false)); }

TEST_F(GrpcCallTest, HasNoEndWithoutADeadline) {
  GrpcCall call(fake.ex, true);

  EXPECT_TRUE(call.begin(fake.ex).has_value());
  call.tell_deadline(fake.ex);

  EXPECT_FALSE(fake.ex.total.running());
  EXPECT_EQ(fake.request().fields.find("grpc-timeout"), nullptr);
  EXPECT_EQ(call.timeouts({}).first_byte, 30s);
}

TEST_F(GrpcCallTest, EndsAtItsDeadline) {
  timeout("2S");
  GrpcCall call(fake.ex, true);

  ASSERT_TRUE(call.begin(fake.ex).has_value());
  EXPECT_TRUE(fake.ex.total.running());
  EXPECT_EQ(call.timeouts({}).first_byte, 0s) << "the deadline says how long to wait";
  fake.clock.advance(2500ms);
  fake.loop.run_once(0s);

  EXPECT_EQ(fake.ex.scope.why(), Reason::timeout_total);
}

TEST_F(GrpcCallTest, TellsWhatIsLeft) {
  timeout("2S");
  GrpcCall call(fake.ex, true);
  ASSERT_TRUE(call.begin(fake.ex).has_value());

  fake.clock.advance(500ms);
  call.tell_deadline(fake.ex);

  EXPECT_EQ(fake.request().fields.find("grpc-timeout")->value, "1500000u");
}

TEST_F(GrpcCallTest, CountsFromTheBeginningOfTheRequest) {
  timeout("2S");
  fake.clock.advance(3s);
  GrpcCall call(fake.ex, true);

  auto begun = call.begin(fake.ex);

  ASSERT_FALSE(begun.has_value());
  EXPECT_EQ(begun.error().reason, Reason::timeout_total);
}

TEST_F(GrpcCallTest, OfTheGatewaysOwnEndsInItsOwnTime) {
  for (std::string_view said : {"", "1H"}) {
    test::FakeExchange own{"/shop.Cart/Add", "POST"};
    own.stream.begun_at = own.clock.steady();
    own.request().fields.add(FieldId::content_type, "application/grpc");
    if (!said.empty()) own.request().fields.add("grpc-timeout", said);
    GrpcCall call(own.ex, true);

    ASSERT_TRUE(call.begin(own.ex, 1s).has_value());
    call.tell_deadline(own.ex);
    EXPECT_FALSE(call.has_deadline());
    EXPECT_EQ(call.timeouts({}).first_byte, 30s);
    const auto* told = own.request().fields.find("grpc-timeout");
    EXPECT_EQ(told ? told->value : "", said.empty() ? "" : "1000000u");
    own.clock.advance(1500ms);
    own.loop.run_once(0s);

    EXPECT_EQ(own.ex.scope.why(), Reason::timeout_total) << said;
  }
}

TEST_F(GrpcCallTest, OfTheGatewaysOwnEndsWithItsCallerWhereThatIsSooner) {
  timeout("2S");
  GrpcCall call(fake.ex, true);

  ASSERT_TRUE(call.begin(fake.ex, 10s).has_value());
  EXPECT_TRUE(call.has_deadline());
  fake.clock.advance(2500ms);
  fake.loop.run_once(0s);

  EXPECT_EQ(fake.ex.scope.why(), Reason::timeout_total);
}

TEST_F(GrpcCallTest, RefusesADeadlineThatIsNone) {
  timeout("soon");
  GrpcCall call(fake.ex, true);

  auto begun = call.begin(fake.ex);

  ASSERT_FALSE(begun.has_value());
  EXPECT_EQ(begun.error().reason, Reason::validation);
}

TEST_F(GrpcCallTest, IsRepeatedForTheCodesOfTheListAlone) {
  GrpcCall call(fake.ex, true);
  RetryConfig retry{3, {GrpcRetry::unavailable, GrpcRetry::aborted}};
  auto repeatable = [&](std::string_view code, const RetryConfig& config) {
    http::ResponseHead head(fake.ex.arena);
    if (!code.empty()) head.fields.add("grpc-status", code);
    return call.repeatable(head, config);
  };

  EXPECT_TRUE(repeatable("14", retry));
  EXPECT_TRUE(repeatable("10", retry));
  for (auto code : {"", "0", "13", "114", "x"}) EXPECT_FALSE(repeatable(code, retry)) << code;
  EXPECT_FALSE(repeatable("14", RetryConfig{3, {}}));
}

TEST_F(GrpcCallTest, TranslatesAnAnswerThatHasOnlyAnHttpStatus) {
  GrpcCall call(fake.ex, true);
  fake.response().status = 503;
  fake.response().fields.add(FieldId::content_type, "text/html");
  fake.response().fields.add(FieldId::content_length, "6");

  EXPECT_TRUE(call.translate(fake.ex));

  EXPECT_EQ(fake.response().status, 200);
  EXPECT_EQ(test::lines(fake.response().fields),
            "Content-Type: application/grpc\ngrpc-status: 14\n"
            "grpc-message: the target answered with HTTP status 503\n");
}

TEST_F(GrpcCallTest, LeavesOtherAnswersAlone) {
  GrpcCall call(fake.ex, true);
  fake.response().status = 200;

  EXPECT_FALSE(call.translate(fake.ex));
}

}  // namespace
}  // namespace sluice::handlers::grpc_call_test
