// SPDX-License-Identifier: Apache-2.0
// What is remembered of requests that failed, as the admin server tells it.
#include <gmock/gmock.h>

#include <thread>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test::failures_test {
namespace {

using ::testing::HasSubstr;
using ::testing::Not;

std::string id_of(const Response& answer) { return json_value(answer.body, "instance"); }

TEST(Failures, AreToldByTheIdThatTheClientGot) {
  Gateway gw(
      "routes: [{name: u, match: {path: /u}, to: users, timeouts: {first_byte: 200ms}}]\n"
      "defaults: {retry: none}\n");
  gw.upstream("users").answers_by([](const Request&) { return Answer{"", false}; });

  auto answer = gw.get("/u?token=hush");
  ASSERT_THAT(answer, Refused(504, "timeout_first_byte"));

  auto one = gw.admin("/failures/" + id_of(answer));
  EXPECT_EQ(one.status, 200) << one.body;
  for (auto part : {"\"reason\": \"timeout_first_byte\"", "\"route\": \"u\"", "\"upstream\": \"users\"",
                    "\"path\": \"/u\"", "\"value\": \"200ms\"", "\"config_in_force\": true"})
    EXPECT_THAT(one.body, HasSubstr(part));
  EXPECT_THAT(one.body, HasSubstr(gw.upstream("users").url().substr(7)));
  EXPECT_THAT(one.body, Not(HasSubstr("hush")));
  auto story = gw.admin("/failures/" + id_of(answer) + "?as=text").body;
  EXPECT_THAT(story, HasSubstr("timeout     first_byte 200ms   (config.yaml:1:"));
  EXPECT_THAT(story, HasSubstr("docs/troubleshooting.md#timeout_first_byte"));
}

TEST(Failures, NameTheFilterThatRefused) {
  Gateway gw(
      "policies: {inside: {ip_access: {allow: [10.0.0.0/8]}}}\n"
      "routes: [{name: u, match: {path: /u}, use: [{request_id: {}}, inside], respond: {status: 200}}]\n");

  auto answer = gw.get("/u");
  ASSERT_EQ(answer.status, 403);

  auto story = gw.admin("/failures/" + id_of(answer) + "?as=text").body;
  EXPECT_THAT(story, HasSubstr("filter      request_id           passed"));
  EXPECT_THAT(story, HasSubstr("filter      inside               refused"));
  EXPECT_EQ(json_value(gw.log_line(), "policy_denied"), "inside");
}

TEST(Failures, AreOfAllWorkersAndTheNewestFirst) {
  Gateway gw("workers: 2\nroutes: [{name: u, match: {path: /u}, respond: {status: 200}}]\n");
  std::vector<std::string> ids;
  for (int i = 0; i < 12; ++i) ids.push_back(id_of(gw.get("/none")));

  auto list = gw.admin("/failures").body;

  std::size_t at = 0;
  for (auto id = ids.rbegin(); id != ids.rend(); ++id) {
    auto found = list.find(*id);
    EXPECT_NE(found, list.npos);
    EXPECT_GE(found, at);
    at = found;
  }
  EXPECT_THAT(gw.admin("/failures?reason=no_route&limit=1").body, HasSubstr(ids.back()));
}

TEST(Failures, AreThoseOfUpstreamsTooAndNothingElse) {
  Gateway gw("routes: [{name: u, match: {path: /**}, to: users}]\n");
  gw.upstream("users").answers(404, "none");
  gw.get("/a");
  gw.upstream("users").answers(500, "broken");
  gw.get("/b");

  auto list = gw.admin("/failures").body;

  EXPECT_THAT(list, HasSubstr("\"path\": \"/b\""));
  EXPECT_THAT(list, HasSubstr("\"source\": \"upstream\""));
  EXPECT_THAT(list, Not(HasSubstr("\"path\": \"/a\"")));
}

TEST(Failures, AreRememberedWithoutAnAccessLog) {
  Gateway gw("access_log: off\nroutes: [{name: u, match: {path: /u}, respond: {status: 200}}]\n");

  auto answer = gw.get("/none");

  EXPECT_EQ(gw.admin("/failures/" + id_of(answer)).status, 200);
}

TEST(Failures, AreNotRememberedWhereNobodyWantsThem) {
  Gateway gw(
      "admin: {bind: \"127.0.0.1:0\", failures: 0}\n"
      "routes: [{name: u, match: {path: /u}, respond: {status: 200}}]\n");

  gw.get("/none");

  EXPECT_EQ(gw.admin("/failures").body, "{\n \"failures\": []\n}\n");
}

TEST(Failures, AreReadWhileTheyAreWritten) {
  Gateway gw("workers: 2\nroutes: [{name: u, match: {path: /u}, respond: {status: 200}}]\n");
  std::thread reader([&] {
    for (int i = 0; i < 50; ++i) EXPECT_EQ(gw.admin("/failures?limit=1000").status, 200);
  });
  for (int i = 0; i < 300; ++i) gw.get("/none");
  reader.join();
}

}  // namespace
}  // namespace sluice::test::failures_test
