// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/chain/as_asked.h"

#include "tests/support/fake_builder.h"
#include "tests/support/fake_stream.h"

namespace sluice::filters::cors_test {
namespace {

using http::FieldId;
using test::FakeExchange;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

std::string problems(std::string_view settings) {
  return test::filter("cors: " + std::string(settings)).problems;
}

// The lines that are added to a response that a page of that origin asked for.
std::string answer(std::string_view settings, std::string_view origin, std::string_view lines_before = {}) {
  auto built = test::filter("cors: " + std::string(settings));
  EXPECT_EQ(built.problems, "");
  FakeExchange fake;
  if (!origin.empty()) fake.request().fields.add(FieldId::origin, origin);
  for (std::string_view left = lines_before; !left.empty();) {
    auto line = left.substr(0, left.find('\n'));
    fake.response().fields.add(line.substr(0, line.find(':')), line.substr(line.find(':') + 2));
    left.remove_prefix(std::min(left.size(), line.size() + 1));
  }
  (void)built.get().on_response(fake.ex);
  return test::lines(fake.response().fields);
}

std::string preflight(std::string_view settings, std::string_view origin, bool private_network = false) {
  auto built = test::filter("cors: " + std::string(settings));
  EXPECT_EQ(built.problems, "");
  EXPECT_TRUE(built.hooks.preflight);
  FakeExchange fake("/", "OPTIONS");
  fake.request().fields.add(FieldId::origin, origin);
  fake.request().fields.add("Access-Control-Request-Method", "PUT");
  if (private_network) fake.request().fields.add("Access-Control-Request-Private-Network", "true");
  built.get().on_preflight(fake.ex);
  EXPECT_EQ(fake.response().status, 204);
  EXPECT_TRUE(fake.ex.answered_locally);
  return test::lines(fake.response().fields);
}

constexpr std::string_view kAllowed = "Vary: Origin\nAccess-Control-Allow-Origin: https://app.example.com\n";

TEST(Cors, EchoesAnOriginThatIsListed) {
  EXPECT_EQ(answer("{origins: \"https://app.example.com\"}", "https://app.example.com"), kAllowed);
  EXPECT_EQ(answer("{origins: \"HTTPS://App.example.com:443\"}", "https://app.example.com"), kAllowed);
}

TEST(Cors, SaysNothingToOthersButThatItDepends) {
  for (auto origin : {"", "https://evil.example", "http://app.example.com", "https://app.example.com:8443",
                      "https://app.example.com.evil.example", "https://xapp.example.com", "null"})
    EXPECT_EQ(answer("{origins: \"https://app.example.com\"}", origin), "Vary: Origin\n") << origin;
}

TEST(Cors, AllowsHostsBelowAnother) {
  constexpr std::string_view kBelow = "{origins: [\"https://*.example.com\", \"http://*.dev.example:3000\"]}";
  for (auto origin : {"https://app.example.com", "https://a.b.example.com", "http://x.dev.example:3000"})
    EXPECT_THAT(answer(kBelow, origin), HasSubstr("Access-Control-Allow-Origin: " + std::string(origin)));
  for (auto origin :
       {"https://example.com", "https://.example.com", "http://app.example.com", "https://evilexample.com",
        "https://evil.com/.example.com", "https://evil.com:1.example.com", "https://evil@.example.com",
        "https://app.example.com:444", "http://x.dev.example", "https://evil.com#.example.com"})
    EXPECT_EQ(answer(kBelow, origin), "Vary: Origin\n") << origin;
}

TEST(Cors, RefusesNullUnlessItIsListed) {
  EXPECT_EQ(answer("{origins: [\"null\"]}", "null"), "Vary: Origin\nAccess-Control-Allow-Origin: null\n");
  EXPECT_EQ(answer("{origins: \"https://*.example.com\"}", "null"), "Vary: Origin\n");
}

TEST(Cors, DoesNotVaryWhereEveryPageMay) {
  for (auto origin : {"", "null", "https://evil.example"})
    EXPECT_EQ(answer("{origins: \"*\"}", origin), "Access-Control-Allow-Origin: *\n");
}

TEST(Cors, ReplacesWhatTheServiceSays) {
  constexpr std::string_view kService =
      "access-control-allow-origin: *\nAccess-Control-Allow-Credentials: true\nVary: Accept\nX-A: b";
  EXPECT_EQ(answer("{origins: \"https://app.example.com\"}", "https://evil.example", kService),
            "Vary: Accept, Origin\nX-A: b\n");
  EXPECT_EQ(answer("{origins: \"https://app.example.com\"}", "https://app.example.com", kService),
            "Vary: Accept, Origin\nX-A: b\nAccess-Control-Allow-Origin: https://app.example.com\n");
}

TEST(Cors, AllowsCredentialsAndReadingOfFields) {
  EXPECT_EQ(answer("{origins: \"https://app.example.com\", credentials: true, expose_headers: [X-A, X-B]}",
                   "https://app.example.com"),
            std::string(kAllowed) +
                "Access-Control-Allow-Credentials: true\nAccess-Control-Expose-Headers: X-A, X-B\n");
}

TEST(Cors, IsNotMisledByTwoOrigins) {
  auto built = test::filter("cors: {origins: \"https://app.example.com\"}");
  FakeExchange fake;
  fake.request().fields.add(FieldId::origin, "https://app.example.com");
  fake.request().fields.add(FieldId::origin, "https://evil.example");
  (void)built.get().on_response(fake.ex);
  EXPECT_EQ(test::lines(fake.response().fields), "Vary: Origin\n");
}

TEST(Cors, KnowsThePageWhoseOriginTheServiceDoesNotGet) {
  auto built = test::filter("cors: {origins: \"https://app.example.com\"}");
  FakeExchange fake;
  fake.request().fields.add(FieldId::origin, "https://app.example.com");
  chain::keep_fields(fake.ex);
  fake.request().fields.remove(FieldId::origin);

  (void)built.get().on_response(fake.ex);
  EXPECT_EQ(test::lines(fake.response().fields), kAllowed);
}

constexpr std::string_view kAsked =
    "Vary: Access-Control-Request-Method, Access-Control-Request-Headers, Origin\n";

TEST(Cors, AnswersPreflights) {
  EXPECT_EQ(preflight("{origins: \"https://app.example.com\", methods: [GET, PUT], headers: [X-A, "
                      "Authorization], credentials: true}",
                      "https://app.example.com"),
            std::string(kAsked) +
                "Access-Control-Allow-Origin: https://app.example.com\n"
                "Access-Control-Allow-Credentials: true\n"
                "Access-Control-Allow-Methods: GET, PUT\n"
                "Access-Control-Allow-Headers: X-A, Authorization\n"
                "Access-Control-Max-Age: 600\n");
}

TEST(Cors, AnswersPreflightsOfOthersWithoutLeave) {
  EXPECT_EQ(preflight("{origins: \"https://app.example.com\"}", "https://evil.example"), kAsked);
}

TEST(Cors, AllowsPrivateNetworksOnlyIfAskedAndTold) {
  constexpr std::string_view kField = "Access-Control-Allow-Private-Network: true";
  EXPECT_THAT(preflight("{origins: \"*\", private_network: true}", "https://a.example", true),
              HasSubstr(kField));
  EXPECT_THAT(preflight("{origins: \"*\", private_network: true}", "https://a.example"),
              Not(HasSubstr(kField)));
  EXPECT_THAT(preflight("{origins: \"*\"}", "https://a.example", true), Not(HasSubstr(kField)));
}

TEST(Cors, AllowsWhatLibrariesOfGrpcWebSet) {
  constexpr std::string_view kField = "Access-Control-Allow-Headers: ";
  auto allowed = [&](std::string_view more) {
    return preflight("{origins: \"*\", grpc_web: true" + std::string(more) + "}", "https://a.example");
  };

  EXPECT_THAT(allowed(""),
              HasSubstr(std::string(kField) + "Content-Type, Grpc-Timeout, X-Grpc-Web, X-User-Agent\n"));
  EXPECT_THAT(allowed(", headers: [Authorization, x-grpc-web]"),
              HasSubstr(std::string(kField) +
                        "Authorization, x-grpc-web, Content-Type, Grpc-Timeout, X-User-Agent\n"));
  EXPECT_THAT(allowed(", headers: \"*\""), HasSubstr(std::string(kField) + "*\n"));
  EXPECT_THAT(problems("{origins: \"*\", grpc_web: true, methods: GET}"), HasSubstr("must hold POST"));
  EXPECT_EQ(problems("{origins: \"*\", grpc_web: true, methods: \"*\"}"), "");
}

TEST(Cors, RefusesSettingsThatContradictThemselves) {
  for (auto list : {"methods", "headers", "expose_headers"})
    EXPECT_THAT(
        problems("{origins: \"https://a.example\", credentials: true, " + std::string(list) + ": [\"*\"]}"),
        HasSubstr("must not be `*` with `credentials`"))
        << list;
  EXPECT_THAT(problems("{origins: \"*\", credentials: true}"), HasSubstr("every page could act as its user"));
  EXPECT_THAT(problems("{origins: [\"null\"], credentials: true}"), HasSubstr("must not hold `null`"));
  EXPECT_THAT(problems("{origins: [\"*\", \"https://a.example\"]}"), HasSubstr("the others say nothing"));
}

TEST(Cors, RefusesWhatIsNoOrigin) {
  for (auto text : {"app.example.com", "https://a.example/", "https://*", "*.example.com",
                    "https://*.*.example.com", "https://x.*.example.com", "https://*.example.com/x"})
    EXPECT_THAT(problems("{origins: \"" + std::string(text) + "\"}"), HasSubstr("must be an origin")) << text;
  EXPECT_THAT(problems("{}"), Not(IsEmpty()));
  EXPECT_THAT(problems("{origins: []}"), Not(IsEmpty()));
  EXPECT_THAT(problems("{origins: \"*\", headers: [\"a b\"]}"), HasSubstr("must be a name"));
}

}  // namespace
}  // namespace sluice::filters::cors_test
