// SPDX-License-Identifier: Apache-2.0
// What browsers ask and are told before and when pages of other origins use a route.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::cors_test {
namespace {

using ::testing::IsEmpty;

constexpr const char* kPreflight =
    "Origin: https://app.example.com\r\nAccess-Control-Request-Method: PUT\r\n"
    "Access-Control-Request-Headers: authorization\r\n";

std::string options(std::string_view target, std::string_view lines = kPreflight) {
  std::string request = test::get(target, lines);
  return "OPTIONS" + request.substr(3);
}

// Filters in that order, on a route for PUT beside one for everything else.
std::string with(std::string_view use) {
  return "policies:\n"
         "  pages: {cors: {origins: \"https://app.example.com\", methods: PUT, headers: Authorization}}\n"
         "routes:\n"
         "  - {name: write, match: {path: /users, method: PUT}, use: [" +
         std::string(use) +
         "], to: users}\n"
         "  - {name: rest, match: {path: /**}, to: rest}\n";
}

class CorsPreflight : public ::testing::TestWithParam<const char*> {};

TEST_P(CorsPreflight, IsAnsweredBeforeAnybodyAsksWhoCalls) {
  Gateway gw(with(GetParam()));
  gw.upstream("users").answers(200, "ok");
  gw.upstream("rest").answers(200, "rest");

  auto answer = gw.ask(options("/users"));
  EXPECT_THAT(answer, HasStatus(204));
  EXPECT_THAT(answer, HasField("Access-Control-Allow-Origin", "https://app.example.com"));
  EXPECT_THAT(answer, HasField("Access-Control-Allow-Methods", "PUT"));
  EXPECT_THAT(answer, HasField("Access-Control-Max-Age", "600"));
}

INSTANTIATE_TEST_SUITE_P(Order, CorsPreflight,
                         ::testing::Values("pages, {api_key: {header: X-Api-Key}}",
                                           "{api_key: {header: X-Api-Key}}, pages"));

TEST(Cors, LeavesOtherOptionsRequestsToTheRouteThatTakesThem) {
  Gateway gw(with("pages"));
  gw.upstream("rest").answers(200, "rest");

  EXPECT_EQ(gw.ask(options("/users", "Origin: https://app.example.com\r\n")).body, "rest");
  EXPECT_EQ(gw.ask(options("/other")).body, "rest");
}

TEST(Cors, LetsPagesReadRefusals) {
  Gateway gw(with("pages, {api_key: {header: X-Api-Key}}"));
  std::string request = test::post("/users", "", "Origin: https://app.example.com\r\n");
  auto refused = gw.ask("PUT" + request.substr(4));
  EXPECT_THAT(refused, Refused(401, "unauthenticated"));
  EXPECT_THAT(refused, HasField("Access-Control-Allow-Origin", "https://app.example.com"));
  EXPECT_THAT(refused, HasField("Vary", "Origin"));
}

TEST(Cors, IsRefusedTwiceInOneChain) {
  Gateway gw(with("pages"));
  auto loading = gw.reload(with("pages, {cors: {origins: \"*\"}}"));
  EXPECT_FALSE(loading.good);
  EXPECT_THAT(loading.diagnostics,
              ::testing::HasSubstr("`cors` comes after `pages` (cors), which answers the preflights"));
}

}  // namespace
}  // namespace sluice::test::cors_test
