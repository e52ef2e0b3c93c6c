// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/as_asked.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::method_test {
namespace {

using test::FakeExchange;
using testing::HasSubstr;

constexpr const char* kOverride = "method: {from_header: X-HTTP-Method-Override, allow: [PUT, DELETE]}";

TEST(Method, BecomesTheOneThatIsSet) {
  FakeExchange fake("/", "GET");

  EXPECT_EQ(test::filter("method: POST").get().on_request(fake.ex).await_resume(), chain::Step::next);
  EXPECT_EQ(fake.request().method, http::Method::post);
}

TEST(Method, BecomesTheOneThatAClientMeansByItsPost) {
  auto built = test::filter(kOverride);
  FakeExchange fake("/", "POST"), plain("/", "POST"), get("/", "GET");
  fake.request().fields.add("x-http-method-override", "DELETE");
  get.request().fields.add("X-HTTP-Method-Override", "DELETE");

  for (auto* f : {&fake, &plain, &get})
    EXPECT_EQ(built.get().on_request(f->ex).await_resume(), chain::Step::next);

  EXPECT_EQ(fake.request().method_text, "DELETE");
  EXPECT_EQ(test::lines(fake.request().fields), "");
  EXPECT_EQ(plain.request().method_text, "POST");
  EXPECT_EQ(get.request().method_text, "GET");
  EXPECT_EQ(test::lines(get.request().fields), "");
}

TEST(Method, IsStillKnownAsTheClientSentIt) {
  FakeExchange fake("/", "GET");

  EXPECT_EQ(test::filter("method: POST").get().on_request(fake.ex).await_resume(), chain::Step::next);
  EXPECT_EQ(chain::client_line(fake.ex).method, http::Method::get);
  EXPECT_EQ(chain::client_line(fake.ex).method_text, "GET");
}

TEST(Method, RefusesWhatIsNotListed) {
  FakeExchange fake("/", "POST");
  fake.request().fields.add("X-HTTP-Method-Override", "PATCH");

  EXPECT_EQ(test::filter(kOverride).get().on_request(fake.ex).await_resume(), chain::Step::replied);
  EXPECT_EQ(fake.ex.response.status, 400);
}

// Whether a response has a body depends on it, for the client too.
TEST(Method, OfAHeadStaysHead) {
  FakeExchange fake("/", "HEAD");

  EXPECT_EQ(test::filter("method: GET").get().on_request(fake.ex).await_resume(), chain::Step::next);
  EXPECT_EQ(fake.request().method, http::Method::head);
}

// Or a service behind would take the word of a client that was not allowed to give it.
TEST(Method, LeavesNoOverrideToWhoeverIsBehind) {
  auto built = test::filter(kOverride);
  FakeExchange head("/", "HEAD"), upgraded("/", "GET"), put("/", "PUT");
  upgraded.request().upgrade = "websocket";

  for (auto* f : {&head, &upgraded, &put}) {
    f->request().fields.add("X-Http-Method-Override", "DELETE");
    EXPECT_EQ(built.get().on_request(f->ex).await_resume(), chain::Step::next);
    EXPECT_EQ(test::lines(f->request().fields), "");
  }
  EXPECT_EQ(head.request().method, http::Method::head);
  EXPECT_EQ(put.request().method, http::Method::put);
}

TEST(Method, RefusesSettingsThatMakeNoSense) {
  EXPECT_THAT(test::filter("method: HEAD").problems, HasSubstr("a request cannot become HEAD"));
  EXPECT_THAT(test::filter("method: post").problems, HasSubstr("case-sensitive"));
  EXPECT_THAT(test::filter("method: {from_header: X-M}").problems, HasSubstr("needs a list"));
  EXPECT_THAT(test::filter("method: {from_header: X-M, allow: [TRACE]}").problems, HasSubstr("TRACE"));
}

}  // namespace
}  // namespace sluice::filters::method_test
