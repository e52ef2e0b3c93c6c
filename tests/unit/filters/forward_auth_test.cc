// SPDX-License-Identifier: Apache-2.0
// Against real upstreams in tests/flow/forward_auth_test.cc; here what no upstream is needed for.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/authenticator.h"
#include "gateway/chain/call.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/consumer_config.h"
#include "gateway/config/report.h"
#include "gateway/http/protobuf.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_forwarder.h"
#include "tests/support/fake_stream.h"
#include "tests/support/set_clock.h"

namespace sluice::filters::forward_auth_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

std::vector<std::string_view> list(std::span<const std::string_view> span) {
  return {span.begin(), span.end()};
}

std::string problems(std::string_view settings) {
  return test::filter("forward_auth: " + std::string(settings)).problems;
}

TEST(ForwardAuth, SaysWhatIsWrongWithItsSettings) {
  EXPECT_EQ(problems("{to: auth}"), "");
  EXPECT_THAT(problems("{path: /verify}"), HasSubstr("to"));
  EXPECT_THAT(problems("{to: auth, path: verify}"), HasSubstr("must be a path"));
  EXPECT_THAT(problems("{to: auth, path: /a/../b}"), HasSubstr("must be a path"));
  EXPECT_THAT(problems("{to: auth, send: [Host]}"), HasSubstr("no field that can be sent along"));
  EXPECT_THAT(problems("{to: auth, copy: [Content-Length]}"), HasSubstr("Content-Length"));
  EXPECT_THAT(problems("{to: auth, cache: {ttl: 1s}}"), HasSubstr("by"));
  EXPECT_THAT(problems("{to: auth, cache: {by: \"${path.id}\"}}"), HasSubstr("id"));
}

TEST(ForwardAuth, LetsNobodyButTheServiceSetWhatItCopies) {
  config::Diagnostics diagnostics;
  std::string wrong;
  auto use = test::bound("forward_auth: {to: auth, copy: [X-User, X-Groups]}", wrong);
  test::FakeBuilder builder;
  chain::make_link(use.filter, "policy", builder);

  EXPECT_EQ(builder.told, "X-User\nX-Groups\n");
}

TEST(ForwardAuth, PassesWhoeverTheServicePasses) {
  test::answer_calls_with(204, {{"X-User", "alice"}});
  auto built = test::filter("forward_auth: {to: auth, copy: X-User, consumer: X-User}");
  ASSERT_EQ(built.problems, "");
  test::FakeExchange fake;

  EXPECT_EQ(test::step_of(built.get(), fake.ex), chain::Step::next);

  EXPECT_EQ(fake.ex.identity.method, "forward_auth");
  EXPECT_EQ(fake.ex.identity.credential, "alice");
  EXPECT_EQ(test::lines(fake.request().fields), "X-User: alice\n");
}

TEST(ForwardAuth, TakesAnEmptyListForNone) {
  config::Diagnostics diagnostics;
  config::Document document = config::parse("{}", diagnostics);
  config::Report report{document, diagnostics};
  chain::ConsumerConfig alice;
  alice.name = "alice";
  alice.groups = {"staff"};
  alice.scopes = {"all"};
  chain::ConsumerTable table(std::vector<chain::ConsumerConfig>{alice}, report);
  auto built = test::filter("forward_auth: {to: auth, consumer: X-User, groups: X-Groups, scopes: X-Scopes}");
  ASSERT_EQ(built.problems, "");
  test::FakeExchange without, with;
  without.ex.consumers = with.ex.consumers = &table;

  test::answer_calls_with(204, {{"X-User", "alice"}});
  EXPECT_EQ(test::step_of(built.get(), without.ex), chain::Step::next);
  EXPECT_THAT(list(without.ex.identity.groups), testing::ElementsAre("staff"));
  EXPECT_THAT(list(without.ex.identity.scopes), testing::ElementsAre("all"));

  test::answer_calls_with(204, {{"X-User", "alice"}, {"X-Groups", ""}, {"X-Scopes", ""}});
  EXPECT_EQ(test::step_of(built.get(), with.ex), chain::Step::next);
  EXPECT_THAT(list(with.ex.identity.groups), testing::IsEmpty());
  EXPECT_THAT(list(with.ex.identity.scopes), testing::IsEmpty());
}

TEST(ForwardAuth, KeepsNoAnswerForARequestThatShowsAFieldTwice) {
  auto asked_for = [](std::vector<std::string_view> lines) {
    test::answer_calls_with(204);
    auto built = test::filter(
        "forward_auth: {to: auth, send: Authorization, cache: {by: \"${header.authorization}\", ttl: 1m}}");
    EXPECT_EQ(built.problems, "");
    for (int i = 0; i < 2; ++i) {
      test::FakeExchange fake;
      for (auto line : lines) fake.request().fields.add("Authorization", line);
      EXPECT_EQ(test::step_of(built.get(), fake.ex), chain::Step::next);
    }
    return test::fake_service.asked.size();
  };

  EXPECT_EQ(asked_for({"good"}), 1u);
  EXPECT_EQ(asked_for({"good", "evil"}), 2u) << "the service may have gone by either";
}

TEST(ForwardAuth, KeepsAnswersForTheirTimeWhateverTheClockIsSetTo) {
  for (base::Duration step : {-5h, 5h}) {
    auto built = test::filter("forward_auth: {to: auth, cache: {by: \"${header.x-key}\", ttl: 1m}}");
    ASSERT_EQ(built.problems, "");
    test::SetClock clock;
    auto passes = [&] {
      test::FakeExchange fake;
      net::Loop loop(clock);  // which looks at the clock when it is made
      chain::Worker worker{loop, 0};
      chain::Exchange ex(fake.stream, worker, &fake.connection);
      void* locals[1] = {};  // as the chain gives them
      ex.locals = locals;
      ex.request.fields.add("X-Key", "k");
      return test::step_of(built.get(), ex) == chain::Step::next;
    };
    test::answer_calls_with(204);
    EXPECT_TRUE(passes());

    clock.wall_time += step;
    clock.pass(59s);
    EXPECT_TRUE(passes());
    EXPECT_EQ(test::fake_service.asked.size(), 1u);
    clock.pass(1s);
    test::answer_calls_with(403);
    EXPECT_FALSE(passes()) << "the service is asked again";
  }
}

TEST(ForwardAuth, TellsWhoBroughtNothingFromWhoIsRefused) {
  auto built = test::filter("forward_auth: {to: auth, send: [Authorization, X-Key]}");
  auto outcome = [&](int status, std::string_view field) {
    test::answer_calls_with(status);
    test::FakeExchange fake;
    if (!field.empty()) fake.request().fields.add(field, "x");
    chain::Verdict out;
    base::spawn(fake.ex.scope,
                [](const chain::Filter* f, chain::Exchange* ex, chain::Verdict* into) -> base::Task<void> {
                  auto asking = dynamic_cast<const chain::Authenticator&>(*f).authenticate(*ex);
                  *into = co_await asking;
                }(&built.get(), &fake.ex, &out));
    EXPECT_TRUE(out.own_answer);
    return out.outcome;
  };

  EXPECT_EQ(outcome(401, ""), chain::Verdict::Outcome::absent);
  EXPECT_EQ(outcome(401, "Cookie"), chain::Verdict::Outcome::absent) << "the service was not shown it";
  EXPECT_EQ(outcome(401, "authorization"), chain::Verdict::Outcome::refused);
  EXPECT_EQ(outcome(401, "X-Key"), chain::Verdict::Outcome::refused);
  EXPECT_EQ(outcome(403, ""), chain::Verdict::Outcome::forbidden);
}

// Where another filter of `any` was enough, this one was not asked and sets nothing.
TEST(ForwardAuth, BelievesNoClientUnderTheNamesThatItCopies) {
  auto built = test::filter("forward_auth: {to: auth, copy: [X-User, X-Groups]}");
  test::FakeExchange fake;
  fake.request().fields.add("x-user", "admin");
  fake.request().fields.add("X-Keep", "1");

  dynamic_cast<const chain::Authenticator&>(built.get()).hide(fake.ex);

  EXPECT_EQ(test::lines(fake.request().fields), "X-Keep: 1\n");
}

http::ProtoWriter said_field(std::string_view name, std::string_view value) {
  return http::ProtoWriter().message(1, http::ProtoWriter().text(1, name).text(2, value));
}
std::string said(const http::ProtoWriter& response) { return http::grpc_frame(response.bytes()); }
constexpr const char* kByGrpc =
    "forward_auth: {to: auth, protocol: envoy_grpc, copy: X-User, consumer: X-User}";

TEST(ForwardAuth, AsksByTheCallThatEnvoyMakes) {
  http::ProtoWriter ok;
  ok.message(2, said_field("x-user", "alice"))
      .message(2, said_field("x-other", "b"))
      .text(5, "authorization");
  test::answer_calls_with(200, {{"grpc-status", "0"}}, said(http::ProtoWriter().message(3, ok)));
  auto built = test::filter(kByGrpc);
  ASSERT_EQ(built.problems, "");
  test::FakeExchange fake;
  fake.request().fields.add("Authorization", "Bearer t");
  fake.request().fields.add("X-User", "claimed");

  EXPECT_EQ(test::step_of(built.get(), fake.ex), chain::Step::next);

  EXPECT_EQ(fake.ex.identity.credential, "alice");
  EXPECT_EQ(test::lines(fake.request().fields), "X-User: alice\n");
  ASSERT_EQ(test::fake_service.asked.size(), 1U);
  EXPECT_THAT(
      test::fake_service.asked[0],
      testing::AllOf(HasSubstr("POST /envoy.service.auth.v3.Authorization/Check\n"),
                     HasSubstr("grpc-timeout: "), HasSubstr("application/grpc"), HasSubstr("Bearer t")));
}

TEST(ForwardAuth, GivesTheClientWhatACallSays) {
  http::ProtoWriter denied;
  denied.message(1, http::ProtoWriter().number(1, 401))
      .message(2, said_field("WWW-Authenticate", "Basic"))
      .text(3, "no");
  test::answer_calls_with(
      200, {{"grpc-status", "0"}},
      said(http::ProtoWriter().message(1, http::ProtoWriter().number(1, 16)).message(2, denied)));
  auto built = test::filter(kByGrpc);
  test::FakeExchange fake;

  EXPECT_EQ(test::step_of(built.get(), fake.ex), chain::Step::replied);

  EXPECT_EQ(fake.response().status, 401);
  EXPECT_EQ(test::lines(fake.response().fields), "WWW-Authenticate: Basic\n");
  EXPECT_EQ(test::drained(*fake.ex.response_body), "no");
}

// A call that ends well says what its service decided, whatever the status.
TEST(ForwardAuth, GivesTheClientAlsoAStatusOfAFaultThatACallSays) {
  http::ProtoWriter denied;
  denied.message(1, http::ProtoWriter().number(1, 503)).text(3, "closed on sundays");
  test::answer_calls_with(
      200, {{"grpc-status", "0"}},
      said(http::ProtoWriter().message(1, http::ProtoWriter().number(1, 7)).message(2, denied)));
  auto built = test::filter(kByGrpc);
  test::FakeExchange fake;

  EXPECT_EQ(test::step_of(built.get(), fake.ex), chain::Step::replied);

  EXPECT_EQ(fake.response().status, 503);
  EXPECT_EQ(test::drained(*fake.ex.response_body), "closed on sundays");
}

TEST(ForwardAuth, LetsNobodyPassWithoutAGoodEndOfTheCall) {
  std::string allowed = said(http::ProtoWriter());
  for (auto [status, code, body] : {std::tuple{200, "14", allowed},
                                    {200, "", allowed},
                                    {503, "0", allowed},
                                    {200, "0", std::string("\0\0\0\0\x09x", 6)},
                                    {200, "0", std::string()}}) {
    test::answer_calls_with(status, {{"grpc-status", code}}, body);
    auto built = test::filter(kByGrpc);
    test::FakeExchange fake;

    EXPECT_EQ(test::step_of(built.get(), fake.ex), chain::Step::replied) << status << code;
    EXPECT_EQ(fake.response().status, 503);
  }
}

}  // namespace
}  // namespace sluice::filters::forward_auth_test
