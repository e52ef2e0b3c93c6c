// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/as_asked.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::chain::as_asked_test {
namespace {

using test::FakeExchange;

// "PUT /b?c"
std::string text(std::string_view method, std::string_view path, bool has_query, std::string_view query) {
  std::string out(method);
  out.append(" ").append(path);
  if (has_query) out.append("?").append(query);
  return out;
}
std::string edited(const FakeExchange& fake) {
  const http::RequestHead& r = fake.ex.request;
  EXPECT_EQ(r.method, http::method(r.method_text));
  return text(r.method_text, r.path, r.has_query, r.query);
}
std::string asked(const FakeExchange& fake) {
  RequestLine line = client_line(fake.ex);
  EXPECT_EQ(line.method, http::method(line.method_text));
  return text(line.method_text, line.path, line.has_query, line.query);
}

void edit(FakeExchange& fake) {
  keep_line(fake.ex);
  fake.request().method = http::Method::put;
  fake.request().method_text = "PUT";
  fake.request().path = "/internal";
  fake.request().has_query = true;
  fake.request().query = "key=secret";
}

TEST(AsAsked, IsTheRequestUntilSomebodyEditsIt) {
  FakeExchange fake("/a?b=1");
  {
    AsAsked as_asked(fake.ex);
  }

  EXPECT_EQ(fake.ex.kept_line, nullptr);
  EXPECT_EQ(edited(fake), "GET /a?b=1");
  EXPECT_EQ(asked(fake), "GET /a?b=1");
}

TEST(AsAsked, CredentialsInTheQueryGoFromBoth) {
  FakeExchange fake("/a?key=k1&b=1");
  fake.request().target = "/a?key=k1&b=1";
  edit(fake);
  fake.request().query = "key=k1&for=upstream";

  hide_parameter(fake.ex, "key");
  take_parameter(fake.ex, "key");

  EXPECT_EQ(edited(fake), "PUT /internal?for=upstream");
  EXPECT_EQ(asked(fake), "GET /a?b=1");
  EXPECT_EQ(fake.request().target, "/a?b=1");
}

TEST(AsAsked, WhatHeldNothingElseHasNoQueryLeft) {
  FakeExchange fake("/a?key=k1");
  fake.request().target = "/a?key=k1";

  hide_parameter(fake.ex, "key");
  take_parameter(fake.ex, "key");

  EXPECT_EQ(edited(fake), "GET /a");
  EXPECT_EQ(fake.request().target, "/a");
}

TEST(AsAsked, IsKeptByTheFirstWhoEdits) {
  FakeExchange fake("/a");
  edit(fake);
  edit(fake);

  EXPECT_EQ(edited(fake), "PUT /internal?key=secret");
  EXPECT_EQ(asked(fake), "GET /a");
}

TEST(AsAsked, IsTheRequestAgainForAsLongAsATextForTheClientIsMade) {
  FakeExchange fake("/a?b=1");
  edit(fake);
  {
    AsAsked as_asked(fake.ex);
    EXPECT_EQ(edited(fake), "GET /a?b=1");
    AsAsked inner(fake.ex);
    EXPECT_EQ(edited(fake), "GET /a?b=1");
  }

  EXPECT_EQ(edited(fake), "PUT /internal?key=secret");
}

TEST(AsAsked, IsKeptOfTheFieldsThatAreReadLater) {
  FakeExchange fake;
  fake.request().fields.add("User-Agent", "curl/8");
  fake.request().fields.add("X-Other", "1");
  fake.request().fields.add("Cookie", "a=b");
  fake.request().fields.remove(http::FieldId::cookie);
  EXPECT_EQ(&client_fields(fake.ex), &fake.request().fields);

  keep_fields(fake.ex);
  fake.request().fields.set("User-Agent", "sluice");
  fake.request().fields.add("Referer", "http://internal/");
  keep_fields(fake.ex);

  EXPECT_EQ(test::lines(client_fields(fake.ex)), "User-Agent: curl/8\n");
}

}  // namespace
}  // namespace sluice::chain::as_asked_test
