// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/variables.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/consumer.h"
#include "gateway/chain/template.h"

#include "tests/support/fake_stream.h"

namespace sluice::chain::variables_test {
namespace {

using test::FakeExchange;

Template compiled(std::string_view text) {
  auto result = Template::compile(text);
  if (auto* fault = std::get_if<Template::Fault>(&result)) {
    ADD_FAILURE() << text << ": " << fault->message;
    return {};
  }
  return std::get<Template>(std::move(result));
}

// An exchange with something of everything.
struct Rich : FakeExchange {
  Rich() : FakeExchange("/u/7/caf%C3%A9?q=a+b%26c&empty=&q=2&flag", "POST", "API.example.com:8443") {
    ex.request.host = "api.example.com";
    ex.route_name = "users";
    ex.request_id = "id-1";
    ex.request.fields.add(http::FieldId::user_agent, "curl/8");
    ex.request.fields.add("X-Tenant", "acme");
    ex.request.fields.add("X-Tenant", "other");
    captures({{"id", "7"}, {"name", "caf%C3%A9"}, {"rest", "a/b%20c/../d"}});
  }
  std::string operator()(std::string_view text, Purpose purpose = Purpose::text) {
    kept_ = compiled(text);
    return std::string(kept_.render(ex, purpose));
  }
  Template kept_;
};

TEST(Variables, TellWhoCalls) {
  Rich rich;
  EXPECT_EQ(rich("${consumer.id}${consumer.groups}${consumer.metadata.plan}${claim.sub}${credential}"), "");
  EXPECT_EQ(rich("${consumer.scopes}"), "");

  Metadatum noted[] = {{"plan", "gold"}};
  Consumer consumer{"acme", {}, {}, noted};
  std::string_view groups[] = {"staff,admin", "partners", " admin", "a\tb", "", "eu"},
                   scopes[] = {"orders:read", "orders:write"};
  Claim claims[] = {{"sub", "7"}, {"address.country", "DE"}};
  rich.ex.identity = {"jwt", "", "acme", "key-1", groups, scopes, claims, {}, &consumer, nullptr};
  EXPECT_EQ(rich("${consumer.scopes}"), "orders:read,orders:write");
  EXPECT_EQ(rich("${consumer.id} ${consumer.name} ${consumer.groups}"), "acme acme partners,eu");
  EXPECT_EQ(rich("${consumer.metadata.plan} ${consumer.metadata.none}"), "gold ");
  EXPECT_EQ(rich("${claim.sub} ${claim.address.country} ${claim.none}"), "7 DE ");
  EXPECT_EQ(rich("${credential}"), "key-1");
}

TEST(Variables, ThatTellWhoCallsAreKnownAsSuch) {
  for (const char* text : {"a${consumer.id}", "${consumer.metadata.x}", "${claim.sub}", "${credential}"})
    EXPECT_TRUE(compiled(text).tells_identity()) << text;
  EXPECT_FALSE(compiled("${client.ip} ${header.x}").tells_identity());
}

TEST(Variables, ReadTheExchange) {
  Rich rich;

  EXPECT_EQ(rich("${path.id}"), "7");
  EXPECT_EQ(rich("${query.q}"), "a b&c");
  EXPECT_EQ(rich("${query.empty}|${query.flag}|${query.none}"), "||");
  EXPECT_EQ(rich("${header.user-agent} ${header.X-Tenant}"), "curl/8 acme, other");
  EXPECT_EQ(rich("${header.x-none}"), "");
  EXPECT_EQ(rich("${client.ip}"), "192.0.2.7");
  EXPECT_EQ(rich("${request.id}"), "id-1");
  EXPECT_EQ(rich("${request.method}"), "POST");
  EXPECT_EQ(rich("${request.scheme}://${request.host}"), "http://api.example.com");
  EXPECT_EQ(rich("${request.path}"), "/u/7/caf%C3%A9");
  EXPECT_EQ(rich("${request.query}"), "q=a+b%26c&empty=&q=2&flag");
  EXPECT_EQ(rich("${request.uri}"), "/u/7/caf%C3%A9?q=a+b%26c&empty=&q=2&flag");
  EXPECT_EQ(rich("${route.name} ${listener.name}"), "users public");
}

TEST(Variables, AreAllDocumented) {
  for (const Variable& v : variables()) EXPECT_TRUE(v.doc.ends_with('.')) << v.name;
}

TEST(Variables, LeaveTheQuestionMarkOutOfAUriWithoutQuery) {
  FakeExchange fake("/a");

  EXPECT_EQ(compiled("${request.uri}").render(fake.ex, Purpose::url), "/a");
}

TEST(Variables, MakeARequestIdWhenNobodyDidBefore) {
  FakeExchange fake;

  auto id = compiled("${request.id}").render(fake.ex, Purpose::field);

  EXPECT_EQ(id.size(), 36U);
  EXPECT_EQ(id, fake.ex.request_id);
}

TEST(Variables, FindAParameterByItsDecodedName) {
  FakeExchange fake("/?a%5Bb%5D=1&c+d=2");

  EXPECT_EQ(compiled("${query.a[b]} ${query.c d}").render(fake.ex, Purpose::text), "1 2");
}

}  // namespace
}  // namespace sluice::chain::variables_test
