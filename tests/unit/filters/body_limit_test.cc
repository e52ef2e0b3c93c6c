// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/slow_body.h"

namespace sluice::filters::body_limit_test {
namespace {

using base::Reason;
using test::FakeExchange;

struct BodyLimit : testing::Test {
  chain::Step pass(std::string_view settings) {
    built = test::filter("body_limit: " + std::string(settings));
    EXPECT_EQ(built.problems, "");
    return built.get().on_request(fake.ex).await_resume();
  }
  void send(std::string_view text) {
    fake.ex.request_body = http::make_body<http::TextBody>(fake.ex.arena, text);
  }
  void stream(std::vector<std::string> pieces) {
    fake.ex.request_body = http::make_body<test::SlowBody>(fake.ex.arena, fake.loop, std::move(pieces));
  }

  test::Built<chain::Filter> built;
  FakeExchange fake{"/", "POST"};
};

TEST_F(BodyLimit, RefusesByLengthBeforeAnythingIsRead) {
  send("12345");
  EXPECT_EQ(pass("{max: 4B}"), chain::Step::replied);
  EXPECT_EQ(fake.response().status, 413);
  EXPECT_EQ(fake.ex.reason, Reason::body_too_large);
}

TEST_F(BodyLimit, LetsPassWhatFits) {
  send("12345");
  const http::Body* body = fake.ex.request_body.get();
  EXPECT_EQ(pass("5B"), chain::Step::next);
  EXPECT_EQ(fake.ex.request_body.get(), body);
}

TEST_F(BodyLimit, CountsWhatHasNoLength) {
  stream({"123", "|45", "|6"});
  EXPECT_EQ(pass("5B"), chain::Step::next);
  auto whole = test::read_all(fake.loop, *fake.ex.request_body);
  EXPECT_EQ(whole.error, Reason::body_too_large);
  EXPECT_EQ(whole.text(), "12345");
}

TEST_F(BodyLimit, GivesAStreamThatFits) {
  stream({"123", "|45", "|"});
  (void)pass("5B");
  auto whole = test::read_all(fake.loop, *fake.ex.request_body);
  EXPECT_TRUE(whole.ended);
  EXPECT_EQ(whole.text(), "12345");
}

TEST_F(BodyLimit, IsNotForTunnels) {
  stream({"123456"});
  fake.request().upgrade = "websocket";
  (void)pass("5B");
  EXPECT_EQ(test::read_all(fake.loop, *fake.ex.request_body).text(), "123456");
}

TEST_F(BodyLimit, IsNoneWithoutABody) { EXPECT_EQ(pass("{}"), chain::Step::next); }

}  // namespace
}  // namespace sluice::filters::body_limit_test
