// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/local_reply.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::request_id_test {
namespace {

using http::FieldId;
using test::FakeExchange;

constexpr FieldId kId = FieldId::x_request_id;

void ask(std::string_view yaml, FakeExchange& fake) {
  auto built = test::filter(yaml);
  ASSERT_EQ(built.problems, "");
  EXPECT_EQ(built.get().on_request(fake.ex).await_resume(), chain::Step::next);
  EXPECT_TRUE(built.get().on_response(fake.ex).await_ready());
}

TEST(RequestIdFilter, SendsOneIdUpstreamAndBack) {
  FakeExchange fake;

  ask("request_id: {}", fake);

  ASSERT_EQ(fake.ex.request_id.size(), 36U);
  EXPECT_EQ(fake.request().fields.value(kId), fake.ex.request_id);
  EXPECT_EQ(fake.response().fields.value(kId), fake.ex.request_id);
}

TEST(RequestIdFilter, TakesTheClientsIdOnlyWhenItIsTrusted) {
  FakeExchange distrusted, trusted;
  distrusted.request().fields.add("x-request-id", "theirs");
  trusted.request().fields.add("x-request-id", "theirs");

  ask("request_id: {}", distrusted);
  ask("request_id: {trust: true}", trusted);

  EXPECT_NE(distrusted.ex.request_id, "theirs");
  EXPECT_EQ(test::lines(distrusted.request().fields),
            "x-request-id: " + std::string(distrusted.ex.request_id) + "\n");
  EXPECT_EQ(trusted.ex.request_id, "theirs");
  EXPECT_EQ(trusted.response().fields.value(kId), "theirs");
}

TEST(RequestIdFilter, ReplacesATrustedIdThatIsNotValid) {
  for (std::string_view id : {"", "a b", "a\"b", "a,b"}) {
    FakeExchange fake;
    fake.request().fields.add(kId, id);

    ask("request_id: {trust: true}", fake);

    EXPECT_EQ(fake.ex.request_id.size(), 36U) << id;
    EXPECT_EQ(fake.request().fields.count(kId), 1U);
  }
}

TEST(RequestIdFilter, ReplacesIdsThatCameTwice) {
  FakeExchange fake;
  fake.request().fields.add(kId, "one");
  fake.request().fields.add(kId, "two");

  ask("request_id: {trust: true}", fake);

  EXPECT_EQ(test::lines(fake.request().fields), "X-Request-ID: " + std::string(fake.ex.request_id) + "\n");
  EXPECT_EQ(fake.ex.request_id.size(), 36U);
}

TEST(RequestIdFilter, KeepsAnIdThatWasSeenAlready) {
  FakeExchange fake;
  fake.ex.request_id = "in-the-log";
  fake.request().fields.add(kId, "theirs");

  ask("request_id: {trust: true}", fake);

  EXPECT_EQ(fake.request().fields.value(kId), "in-the-log");
}

TEST(RequestIdFilter, ReplacesTheIdThatTheUpstreamSent) {
  FakeExchange fake;
  fake.response().fields.add(kId, "upstream");

  ask("request_id: {}", fake);

  EXPECT_EQ(test::lines(fake.response().fields), "X-Request-ID: " + std::string(fake.ex.request_id) + "\n");
}

TEST(RequestIdFilter, IsOnLocalRepliesToo) {
  FakeExchange fake;
  auto built = test::filter("request_id: {}");
  built.get().on_request(fake.ex).await_resume();
  std::string id(fake.ex.request_id);
  chain::make_local_reply(fake.ex, base::Reason::forbidden);

  EXPECT_TRUE(built.get().on_response(fake.ex).await_ready());

  EXPECT_EQ(fake.response().fields.value(kId), id);
  EXPECT_THAT(fake.body(), testing::HasSubstr("\"instance\":\"" + id + "\""));
}

}  // namespace
}  // namespace sluice::filters::request_id_test
