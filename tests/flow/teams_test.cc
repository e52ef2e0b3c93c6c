// SPDX-License-Identifier: Apache-2.0
// Files of teams, which are confined, cannot change what becomes of the requests of others.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"
#include "tests/support/temporary_directory.h"

namespace sluice::test::teams_test {
namespace {

using ::testing::HasSubstr;

class Teams : public testing::Test {
 protected:
  // With a file of a team that has this policy.
  std::string with(const std::string& policy) {
    auto file = files_.write("team.yaml", "policies: {own: " + policy + "}\n" +
                                              "routes: [{name: team, match: {path: /team/**}, use: [own], "
                                              "respond: 204}]\n");
    return "include: {files: " + file + R"(, confine: {path: /team/**}}
consumers: [{name: alice, api_keys: ["sha256:8ccae02a3e5666fcbaa218c5432621bf46d9482e9de17471c2ed4808aaa34ab2"]}]
routes:
  - name: private
    match: {path: /private/**}
    use: [{api_key: {header: X-Key}}, {headers: {request: {set: {X-User: "${consumer.name}"}}}}]
    to: users
  - {name: open, match: {path: /open/**}, to: users}
)";
  }
  TemporaryDirectory files_;
};

TEST_F(Teams, CannotLetPassWhatIsTakenFromEverybodysRequests) {
  Gateway gw(with("{api_key: {header: X-Team-Key}}"));
  gw.upstream("users").answers(200, "ok");

  auto rejected = gw.reload(with("{api_key: {header: X-User}}"));
  EXPECT_FALSE(rejected.good);
  EXPECT_THAT(rejected.diagnostics, HasSubstr("a file that is confined cannot read credentials in `X-User`"));

  EXPECT_EQ(gw.get("/open/x", "X-User: alice\r\n").status, 200);
  EXPECT_THAT(gw.upstream("users").request(), HasNoField("X-User"));
}

TEST_F(Teams, CannotTakeFromEverybodysRequestsWhatTheyNeed) {
  Gateway gw(with("{headers: {request: {set: {X-Team-User: '${consumer.name}'}}}}"));
  gw.upstream("users").answers(200, "ok");

  auto rejected = gw.reload(with("{headers: {request: {set: {Range: '${consumer.name}'}}}}"));
  EXPECT_FALSE(rejected.good);
  EXPECT_THAT(rejected.diagnostics,
              HasSubstr("a file that is confined cannot tell upstreams who calls in `Range`"));

  EXPECT_EQ(gw.get("/open/x", "Range: bytes=0-1\r\nX-Team-User: mallory\r\n").status, 200);
  auto seen = gw.upstream("users").request();
  EXPECT_THAT(seen, HasField("Range", "bytes=0-1"));
  EXPECT_THAT(seen, HasNoField("X-Team-User"));
}

}  // namespace
}  // namespace sluice::test::teams_test
