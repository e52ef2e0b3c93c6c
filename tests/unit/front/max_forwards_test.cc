// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/max_forwards.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::front::max_forwards_test {
namespace {

using test::FakeExchange;

// What is left of the field, or "last".
std::string counted(std::string_view method, std::string_view value) {
  FakeExchange fake("/a", method);
  fake.request().fields.add("max-forwards", value);
  if (!goes_further(fake.request())) return "last";
  const http::Field* left = fake.request().fields.find("Max-Forwards");
  return std::string(left ? left->value : "none");
}

TEST(MaxForwards, CountsDownForTraceAndOptions) {
  EXPECT_EQ(counted("OPTIONS", "10"), "9");
  EXPECT_EQ(counted("TRACE", "1"), "0");
  EXPECT_EQ(counted("OPTIONS", "0"), "last");
  EXPECT_EQ(counted("TRACE", "00"), "last");
}

TEST(MaxForwards, SaysNothingToOtherMethods) {
  EXPECT_EQ(counted("GET", "0"), "0");
  EXPECT_EQ(counted("POST", "3"), "3");
}

TEST(MaxForwards, SaysNothingIfItIsNoNumber) {
  EXPECT_EQ(counted("OPTIONS", "-1"), "-1");
  EXPECT_EQ(counted("OPTIONS", ""), "");
  EXPECT_EQ(counted("TRACE", "1, 0"), "1, 0");
  FakeExchange fake("/a", "OPTIONS");
  EXPECT_TRUE(goes_further(fake.request()));
}

TEST(MaxForwards, AnswersOptionsWithWhatMayBeAsked) {
  FakeExchange fake("/a", "OPTIONS");

  answer_as_the_last(fake.ex, "GET, OPTIONS");

  EXPECT_EQ(fake.response().status, 204);
  EXPECT_EQ(fake.response().fields.value(http::FieldId::allow), "GET, OPTIONS");
  EXPECT_TRUE(fake.ex.answered_locally);
}

TEST(MaxForwards, ShowsATraceWhatArrivedButNoSecrets) {
  FakeExchange fake("/a?b", "TRACE");
  fake.request().fields.add("Host", "h");
  fake.request().fields.add("Authorization", "Bearer x");
  fake.request().fields.add("Cookie", "a=b");
  fake.request().fields.add("via", "1.1 proxy");
  fake.request().fields.add("Max-Forwards", "0");

  answer_as_the_last(fake.ex, "");

  EXPECT_EQ(fake.response().status, 200);
  EXPECT_EQ(fake.response().fields.value(http::FieldId::content_type), "message/http");
  EXPECT_EQ(fake.body(), "TRACE /a?b HTTP/1.1\r\nHost: h\r\nvia: 1.1 proxy\r\nMax-Forwards: 0\r\n\r\n");
}

}  // namespace
}  // namespace sluice::front::max_forwards_test
