// SPDX-License-Identifier: Apache-2.0
#include "tests/support/h2_target.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <gtest/gtest-spi.h>

#include "tests/support/h2_client.h"

namespace sluice::test::h2_target_test {
namespace {

class H2TargetTest : public ::testing::Test {
 protected:
  Upstream upstream_;
  H2Client client_{upstream_.port()};
  H2Target target_{upstream_.accept(), h2::setting(3, 7)};
};

TEST_F(H2TargetTest, SeesARequestAndAnswersIt) {
  auto id = client_.open(h2::request("POST", "/u", {{"x-a", "b"}}), false);
  client_.send(h2::data(id, "the ", false) + h2::data(id, "body", true));

  auto request = target_.expect_request();
  target_.answer(request.stream, "hello", {{"x-answer", "yes"}});

  EXPECT_EQ(request.stream, id);
  EXPECT_TRUE(request.complete);
  EXPECT_EQ(request.value(":path"), "/u");
  EXPECT_EQ(request.value("x-a"), "b");
  EXPECT_FALSE(request.has("x-b"));
  EXPECT_EQ(request.body, "the body");
  auto response = client_.response(id);
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.value("x-answer"), "yes");
  EXPECT_EQ(response.body, "hello");
  EXPECT_EQ(client_.settings().at(3), 7u);
}

TEST_F(H2TargetTest, GivesRequestsInTheOrderInWhichTheyEnd) {
  auto first = client_.open(h2::request("POST", "/1"), false), second = client_.open_get("/2");

  EXPECT_EQ(target_.expect_head().stream, first);
  EXPECT_EQ(target_.expect_request().stream, second);
  client_.send(h2::data(first, "late", false) + h2::headers(first, {{"x-sum", "4"}}, true));
  auto request = target_.finish(first);

  EXPECT_EQ(request.body, "late");
  ASSERT_EQ(request.trailers.size(), 1u);
  EXPECT_EQ(request.trailers[0].value, "4");
}

TEST_F(H2TargetTest, TellsOfResets) {
  auto id = client_.open(h2::request("POST", "/"), false);
  client_.send(h2::data(id, "some", false) + h2::reset(id, h2::kCancel));

  EXPECT_EQ(target_.expect_body(id, 4).body, "some");
  auto request = target_.finish(id);

  EXPECT_TRUE(request.reset);
  EXPECT_EQ(request.error, std::uint32_t{h2::kCancel});
}

TEST_F(H2TargetTest, OpensWindowsForWhatItHasReadUnlessToldNotTo) {
  auto first = client_.open(h2::request("POST", "/1"), false);
  client_.send(h2::data(first, "12345", false));
  target_.expect_body(first, 5);
  target_.hold_window();
  auto second = client_.open(h2::request("POST", "/2"), false);
  client_.send(h2::data(second, "12345", false));
  target_.expect_body(second, 5);
  target_.answer(first, "");
  target_.answer(second, "");
  client_.finish(second);

  EXPECT_EQ(client_.credit(0), 5u);
  EXPECT_EQ(client_.credit(first), 5u);
  EXPECT_EQ(client_.credit(second), 0u);
}

TEST_F(H2TargetTest, CountsTheWindowsThatItIsGiven) {
  client_.send(h2::window_update(0, 100) + h2::window_update(1, 20) + h2::window_update(1, 3) + h2::ping());
  target_.expect_frame(h2::kPing);

  EXPECT_EQ(target_.window_given(0), 100u);
  EXPECT_EQ(target_.window_given(1), 23u);
  EXPECT_EQ(target_.window_given(3), 0u);
}

TEST_F(H2TargetTest, SaysWhatATestWantsWrongOrRight) {
  auto first = client_.open_get("/1"), second = client_.open_get("/2");
  target_.reset(first, h2::kRefusedStream);
  target_.goaway(second, h2::kEnhanceYourCalm);
  target_.headers(second, {{":status", "200"}}, false);
  target_.data(second, std::string(20'000, 'x'), true);

  EXPECT_EQ(client_.finish(first).reset, std::uint32_t{h2::kRefusedStream});
  EXPECT_EQ(client_.response(second).body.size(), 20'000u);
  EXPECT_EQ(client_.goaway(), std::uint32_t{h2::kEnhanceYourCalm});
  EXPECT_EQ(client_.goaway_last(), second);
}

TEST_F(H2TargetTest, FailsTheTestWhereNothingComes) {
  client_.close();

  EXPECT_NONFATAL_FAILURE(target_.expect_request(), "no request has come");
  EXPECT_NONFATAL_FAILURE(target_.expect_frame(h2::kPing), "no frame of type 6");
  EXPECT_TRUE(target_.ended());
}

}  // namespace
}  // namespace sluice::test::h2_target_test
