// SPDX-License-Identifier: Apache-2.0
// Against real upstreams in tests/flow/introspection_test.cc; here what needs a clock of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/authenticator.h"
#include "gateway/net/signal.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_forwarder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/set_clock.h"

namespace sluice::filters::introspection_test {
namespace {

using namespace std::chrono_literals;
using test::FakeExchange;
using testing::HasSubstr;

constexpr const char* kSettings = "to: idp, path: /introspect, client_id: g, client_secret: s";

class Introspection : public testing::Test {
 protected:
  void use(std::string_view more = "") {
    built_ = test::filter("introspection: {" + std::string(kSettings) + std::string(more) + "}");
    ASSERT_EQ(built_.problems, "");
  }
  // The status for a request with that token, after the clock has gone on by so much.
  int ask(std::string_view token, base::Duration later = 0s) {
    base::VirtualClock clock;
    clock.advance(later);
    return ask(token, clock);
  }
  int ask(std::string_view token, const base::Clock& clock) {
    FakeExchange fake;
    net::Loop loop(clock);  // which looks at the clock when it is made
    chain::Worker worker{loop, 0};
    chain::Exchange ex(fake.stream, worker, &fake.connection);
    void* locals[1] = {};  // as the chain gives them
    ex.locals = locals;
    ex.request.fields.add("Authorization", ex.arena.join("Bearer ", token));
    return test::step_of(built_.get(), ex) == chain::Step::next ? 200 : ex.response.status;
  }

  test::Built<chain::Filter> built_;
};

TEST_F(Introspection, RemembersAGoodTokenForAMinute) {
  use();
  test::answer_calls_with(200, {}, R"({"active":true,"exp":1800000000})");

  EXPECT_EQ(ask("a"), 200);
  EXPECT_EQ(ask("a", 59s), 200);
  EXPECT_EQ(test::fake_service.asked.size(), 1u);
  EXPECT_EQ(ask("a", 60s), 200);
  EXPECT_EQ(test::fake_service.asked.size(), 2u);
}

TEST_F(Introspection, TakesAFarEndOrNullAsNone) {
  for (std::string_view exp : {"253402300799", "9000000001", "9e300", "null"}) {
    use();
    test::answer_calls_with(200, {}, R"({"active":true,"exp":)" + std::string(exp) + "}");

    EXPECT_EQ(ask("a"), 200) << exp;
    EXPECT_EQ(ask("a", 59s), 200) << exp;
    EXPECT_EQ(test::fake_service.asked.size(), 1u) << exp;
  }
  for (std::string_view exp : {"-1", "0", "1699999999", "\"never\"", "true"}) {
    use();
    test::answer_calls_with(200, {}, R"({"active":true,"exp":)" + std::string(exp) + "}");
    EXPECT_EQ(ask("a"), 401) << exp;
  }
}

TEST_F(Introspection, RemembersNoTokenLongerThanItIsGood) {
  use();
  test::answer_calls_with(200, {}, R"({"active":true,"exp":1700000070})");
  EXPECT_EQ(ask("a"), 200);

  // After eleven seconds the wall, which runs seven times as fast, is past its end.
  EXPECT_EQ(ask("a", 11s), 401);
}

TEST_F(Introspection, RemembersNoTokenLongerWhenTheClockIsSetBack) {
  use();
  test::SetClock clock;
  test::answer_calls_with(200, {}, R"({"active":true,"exp":1700000030})");
  EXPECT_EQ(ask("a", clock), 200);

  clock.wall_time -= 5h;
  clock.pass(29s);
  EXPECT_EQ(ask("a", clock), 200);
  EXPECT_EQ(test::fake_service.asked.size(), 1u) << "what was good is good";
  clock.pass(1s);
  test::answer_calls_with(200, {}, R"({"active":false})");
  EXPECT_EQ(ask("a", clock), 401) << "the server is asked when the token expires, whatever the clock shows";
  EXPECT_EQ(test::fake_service.asked.size(), 1u);
}

TEST_F(Introspection, PassesAGoodTokenAgainSoonAfterTheClockWasAhead) {
  use();
  test::SetClock clock;
  test::answer_calls_with(200, {}, R"({"active":true,"exp":1700003600})");
  EXPECT_EQ(ask("remembered", clock), 200);

  clock.wall_time += 5h;
  EXPECT_EQ(ask("remembered", clock), 401);
  EXPECT_EQ(ask("new", clock), 401);
  clock.wall_time -= 5h;
  EXPECT_EQ(ask("remembered", clock), 200);
  clock.pass(5s);
  EXPECT_EQ(ask("new", clock), 200) << "it was remembered as a bad one for five seconds";
}

TEST_F(Introspection, RemembersABadTokenForFiveSeconds) {
  use();
  test::answer_calls_with(200, {}, R"({"active":false})");

  EXPECT_EQ(ask("a"), 401);
  EXPECT_EQ(ask("a", 4s), 401);
  EXPECT_EQ(test::fake_service.asked.size(), 1u);
  test::answer_calls_with(200, {}, R"({"active":true})");
  EXPECT_EQ(ask("a", 6s), 200);
}

TEST_F(Introspection, IsUnavailableWhenTheServerCannotBeAsked) {
  use();
  test::fail_calls(base::Reason::timeout_total);
  EXPECT_EQ(ask("a"), 503);
  test::answer_calls_with(200, {}, R"({"active":true})");
  EXPECT_EQ(ask("a"), 200);  // at once
}

TEST_F(Introspection, TakesTheTimeOfAnAnswerThatAnotherRequestAskedForAsAWait) {
  use();
  test::answer_calls_with(200, {}, R"({"active":true})");
  FakeExchange first;
  test::FakeStream stream;
  stream.ask("GET", "/");
  chain::Exchange second(stream, first.worker, &first.connection);
  void* locals[1] = {};
  second.locals = locals;
  net::Signal answered(first.loop.wheel());
  test::fake_service.until = &answered;
  for (auto* ex : {&first.ex, &second}) {
    ex->request.fields.add("Authorization", "Bearer a");
    EXPECT_FALSE(test::step_of(built_.get(), *ex).has_value()) << "it waits";
  }
  first.clock.advance(2s);
  answered.notify();
  base::run_ready();

  EXPECT_EQ(test::fake_service.asked.size(), 1u);
  EXPECT_EQ(first.ex.identity.method, "introspection");
  EXPECT_EQ(second.identity.method, "introspection");
  EXPECT_EQ(first.ex.upstream.waited, 2s);
  EXPECT_EQ(second.upstream.waited, 2s);
}

TEST_F(Introspection, SaysWhatIsWrongWithItsSettings) {
  auto problems = [](std::string_view settings) {
    return test::filter("introspection: " + std::string(settings)).problems;
  };
  EXPECT_THAT(problems("{to: idp, path: /i}"),
              HasSubstr("warning: : the server is asked without credentials"));
  EXPECT_THAT(problems("{to: idp, path: /i, client_id: g}"), HasSubstr("client_secret"));
  EXPECT_THAT(problems("{to: idp, path: /i, client_id: g, client_secret: s, bearer: t}"),
              HasSubstr("bearer"));
  EXPECT_THAT(problems("{to: idp, path: i, bearer: t}"), HasSubstr("must be a path"));
  EXPECT_THAT(problems("{to: idp, path: /i, bearer: t, remember: 10m}"), HasSubstr("at most"));
}

}  // namespace
}  // namespace sluice::filters::introspection_test
