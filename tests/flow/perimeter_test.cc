// SPDX-License-Identifier: Apache-2.0
// What is kept out before anybody asks who it is.
#include <gmock/gmock.h>

#include <chrono>
#include <filesystem>
#include <string>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/own_log.h"

namespace sluice::test::perimeter_test {
namespace {

using ::testing::HasSubstr;

// Asks again until the answer is that one; a change of a file is seen within a second.
int asked_until(Gateway& gw, int status) {
  auto until = std::chrono::steady_clock::now() + std::chrono::seconds(10);
  int last = 0;
  while (last != status && std::chrono::steady_clock::now() < until) last = gw.get("/").status;
  return last;
}

TEST(IpAccess, TakesUpAFileThatChanges) {
  TemporaryDirectory files;
  auto path = files.write("blocked.txt", "192.0.2.0/24\n");
  Gateway gw("routes: [{name: all, match: {path: /**}, use: [{ip_access: {deny_file: " + path +
             "}}], respond: 204}]");
  EXPECT_EQ(gw.get("/").status, 204);

  files.write("blocked.txt", "192.0.2.0/24\n127.0.0.0/8\n");
  EXPECT_EQ(asked_until(gw, 403), 403);

  files.write("blocked.txt", "");
  EXPECT_EQ(asked_until(gw, 204), 204);
}

TEST(IpAccess, KeepsTheAddressesOfBeforeWhileItsFileIsBadOrGone) {
  OwnLog log;
  TemporaryDirectory files;
  auto path = files.write("blocked.txt", "127.0.0.0/8\n");
  Gateway gw("routes: [{name: all, match: {path: /**}, use: [{ip_access: {deny_file: " + path +
             "}}], respond: 204}]");
  const std::string stay = "the addresses of before stay in force: ";

  files.write("blocked.txt", "nonsense\n");
  EXPECT_TRUE(log.says(stay + "line 1"));
  EXPECT_EQ(gw.get("/").status, 403);

  std::filesystem::remove(path);
  EXPECT_TRUE(log.says(stay + "cannot be read"));
  EXPECT_EQ(gw.get("/").status, 403);

  files.write("blocked.txt", "");
  EXPECT_EQ(asked_until(gw, 204), 204);
}

TEST(IpAccess, IsNotPutInForceWithoutItsFile) {
  Gateway gw("routes: [{name: all, match: {path: /**}, respond: 204}]");
  auto loading = gw.reload(
      "routes: [{name: all, match: {path: /**}, use: [{ip_access: {deny_file: /nowhere/x.txt}}], respond: "
      "204}]");
  EXPECT_FALSE(loading.good);
  EXPECT_THAT(loading.diagnostics, HasSubstr("cannot be read: No such file or directory"));
}

constexpr const char* kJson =
    "routes: [{name: u, match: {path: /**}, use: [{json_limits: {depth: 3}}], to: users}]";

TEST(JsonLimits, PassWhatIsWithinThem) {
  Gateway gw(kJson);
  gw.upstream("users").answers(200, "ok");
  EXPECT_EQ(gw.post("/", R"({"a":[{}]})", "Content-Type: application/json\r\n").status, 200);
  EXPECT_EQ(gw.upstream("users").request().body, R"({"a":[{}]})");
}

TEST(JsonLimits, AnswerForTheUpstreamThatWouldGetTooMuch) {
  Gateway gw(kJson);
  gw.upstream("users").answers(200, "ok");
  auto refused = gw.post("/", R"([[[[1]]]])", "Content-Type: application/json\r\n");
  EXPECT_EQ(refused.status, 400);
  EXPECT_THAT(refused.body, HasSubstr("the body is nested too deeply"));
}

}  // namespace
}  // namespace sluice::test::perimeter_test
