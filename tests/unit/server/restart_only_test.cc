// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/restart_only.h"

#include <gmock/gmock.h>

namespace sluice::server::restart_only_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

admin::AdminConfig with_token(std::string token) {
  admin::AdminConfig out;
  out.token.emplace();
  out.token->value = std::move(token);
  return out;
}

TEST(RestartOnly, KeepsWhatIsInForceAndNamesItEachTime) {
  Config in_force;
  in_force.workers = 2;
  for (int reload = 0; reload < 2; ++reload) {
    Config fresh;
    fresh.workers = 4;
    fresh.admin.bind.port = 9999;
    fresh.metrics.series_budget = in_force.metrics.series_budget + 1;
    fresh.state_directory = "/elsewhere";
    fresh.shutdown.grace = std::chrono::seconds(7);

    EXPECT_THAT(keep_until_restart(fresh, in_force), ElementsAre("workers", "metrics", "admin"));
    EXPECT_EQ(fresh.workers, 2u);
    EXPECT_EQ(fresh.admin, in_force.admin);
    EXPECT_EQ(fresh.metrics, in_force.metrics);
    EXPECT_EQ(fresh.shutdown.grace, std::chrono::seconds(7)) << "a reload changes that";
    in_force = fresh;
  }
}

TEST(RestartOnly, SaysNothingOfWhatIsTheSame) {
  Config in_force, fresh;
  EXPECT_THAT(keep_until_restart(fresh, in_force), IsEmpty());
}

TEST(RestartOnly, LetsTheTokenOfTheAdminServerBeExchanged) {
  Config in_force, fresh;
  in_force.admin = with_token("old");
  fresh.admin = with_token("new");

  EXPECT_THAT(keep_until_restart(fresh, in_force), IsEmpty());
  EXPECT_EQ(fresh.admin.token->value, "new");
}

// The address may be one that is only allowed with a token.
TEST(RestartOnly, NeitherTakesTheTokenAwayNorBringsOne) {
  Config with, without;
  with.admin = with_token("old");

  Config fresh = without;
  EXPECT_THAT(keep_until_restart(fresh, with), ElementsAre("admin"));
  EXPECT_EQ(fresh.admin.token->value, "old");

  fresh = with;
  EXPECT_THAT(keep_until_restart(fresh, without), ElementsAre("admin"));
  EXPECT_FALSE(fresh.admin.token);
}

TEST(RestartOnly, KeepsTheRightsOfTheFileOfASocketWhateverItsListenerIsCalled) {
  Config in_force, fresh;
  in_force.listeners.emplace("web").bind.path = "/run/web.sock";
  auto& edge = fresh.listeners.emplace("edge");
  edge.bind.path = "/run/web.sock";
  edge.socket.emplace().group = "www-data";
  fresh.listeners.emplace("other").bind.path = "/run/other.sock";
  fresh.listeners.emplace("other").socket.emplace();

  EXPECT_THAT(keep_until_restart(fresh, in_force), ElementsAre("listeners.edge.socket"));
  EXPECT_FALSE(fresh.listeners.find("edge")->socket);
  EXPECT_TRUE(fresh.listeners.find("other")->socket);
}

}  // namespace
}  // namespace sluice::server::restart_only_test
