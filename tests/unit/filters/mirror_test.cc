// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/order.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_forwarder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::mirror_test {
namespace {

using base::Reason;
using test::fake_service;
using test::FakeExchange;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;

class Mirror : public testing::Test {
 protected:
  Mirror() { test::answer_calls_with(200); }
  ~Mirror() override {
    fake.worker.background.cancel(Reason::draining);
    base::run_ready();
  }

  chain::Step pass(std::string_view settings, FakeExchange& through) {
    built = test::filter("mirror: " + std::string(settings));
    EXPECT_EQ(built.problems, "");
    return built.get().on_request(through.ex).await_resume();
  }
  static void turn(FakeExchange& of) { of.loop.run_once(base::Duration::zero()); }

  test::Built<chain::Filter> built;
  FakeExchange fake{"/orders?x=1"};
};

TEST_F(Mirror, SendsACopyAfterTheRequest) {
  fake.request().fields.add("X-Key", "k");
  EXPECT_EQ(pass("shadow", fake), chain::Step::next);
  EXPECT_THAT(fake_service.asked, IsEmpty());  // the request goes first

  turn(fake);

  EXPECT_THAT(fake_service.asked, ElementsAre("GET /orders?x=1\nX-Key: k\nX-Shadow: 1\n"));
}

TEST_F(Mirror, SendsTheBodyOnceItHasBeenRead) {
  fake.ex.request_body = http::make_body<http::TextBody>(fake.ex.arena, "hello, world");
  pass("shadow", fake);
  turn(fake);
  EXPECT_THAT(fake_service.asked, IsEmpty());

  EXPECT_EQ(test::drained(*fake.ex.request_body), "hello, world");
  turn(fake);

  EXPECT_THAT(fake_service.asked, ElementsAre(HasSubstr("\nhello, world")));
}

TEST_F(Mirror, GivesUpOnLongBodies) {
  fake.ex.request_body = http::make_body<http::TextBody>(fake.ex.arena, "hello, world");
  pass("{to: shadow, max_body: 11B}", fake);
  EXPECT_EQ(test::drained(*fake.ex.request_body), "hello, world");
  turn(fake);

  EXPECT_THAT(fake_service.asked, IsEmpty());
}

TEST_F(Mirror, LeavesUpgradesAlone) {
  fake.request().upgrade = "websocket";
  pass("shadow", fake);
  turn(fake);

  EXPECT_THAT(fake_service.asked, IsEmpty());
}

TEST_F(Mirror, CopiesAsManyAsItShould) {
  auto half = test::filter("mirror: {to: shadow, percent: 25%}");
  for (int i = 0; i < 400; ++i) {
    FakeExchange one;
    EXPECT_EQ(half.get().on_request(one.ex).await_resume(), chain::Step::next);
    turn(one);
  }
  EXPECT_GT(fake_service.asked.size(), 40U);
  EXPECT_LT(fake_service.asked.size(), 160U);
}

TEST_F(Mirror, MakesNoMoreThanMayBeUnderWay) {
  auto one = test::filter("mirror: {to: shadow, max_in_flight: 1}");
  FakeExchange second;
  EXPECT_EQ(one.get().on_request(fake.ex).await_resume(), chain::Step::next);
  EXPECT_EQ(one.get().on_request(second.ex).await_resume(), chain::Step::next);
  turn(second);
  EXPECT_THAT(fake_service.asked, IsEmpty());

  turn(fake);
  EXPECT_THAT(fake_service.asked, SizeIs(1));

  EXPECT_EQ(one.get().on_request(second.ex).await_resume(), chain::Step::next);
  turn(second);
  EXPECT_THAT(fake_service.asked, SizeIs(2));
}

TEST_F(Mirror, GivesThePlaceOfAStalledUploadToOthers) {
  auto one = test::filter("mirror: {to: shadow, max_in_flight: 1, timeout: 1s}");
  fake.ex.request_body = http::make_body<http::TextBody>(fake.ex.arena, "hello, world");
  one.get().on_request(fake.ex).await_resume();
  fake.clock.advance(std::chrono::milliseconds(1200));
  turn(fake);

  FakeExchange second;
  one.get().on_request(second.ex).await_resume();
  turn(second);

  EXPECT_THAT(fake_service.asked, SizeIs(1));
}

TEST_F(Mirror, DoesNotMindFailures) {
  test::fail_calls(Reason::upstream_connect_failed);
  EXPECT_EQ(pass("shadow", fake), chain::Step::next);
  turn(fake);
  EXPECT_EQ(fake.ex.reason, Reason::none);
}

// Copies would carry credentials that nobody has looked at, and that filters behind hide from services.
TEST(MirrorOrder, ComesBehindWhateverRefuses) {
  chain::Written copies{"mirror", "mirror", nullptr}, key{"api_key", "api_key", nullptr};

  auto objections = chain::object_to_order(std::vector{copies, key}, "");

  ASSERT_FALSE(objections.empty());
  EXPECT_EQ(objections[0].severity, config::Severity::error);
  EXPECT_THAT(objections[0].message, HasSubstr("whose copies go out before anybody is refused"));
  EXPECT_TRUE(chain::object_to_order(std::vector{key, copies}, "").empty());
}

TEST_F(Mirror, NeedsAnUpstream) {
  EXPECT_THAT(test::filter("mirror: nowhere").problems, HasSubstr("nowhere"));
}

}  // namespace
}  // namespace sluice::filters::mirror_test
