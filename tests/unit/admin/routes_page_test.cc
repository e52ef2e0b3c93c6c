// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/routes_page.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/admin/failed.h"

namespace sluice::admin::routes_page_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

TEST(RoutesPage, TellsOfEachRouteWithItsPlaces) {
  auto route = *surroundings().route;
  route.match = {R"({"path":"/orders/**"})"};

  auto page = routes_page({route});

  for (auto part : {"\"route\": \"orders\"", "\"from\": \"gateway.yaml:7:5\"", R"({"path":"/orders/**"})",
                    "\"policy\": \"staff\"", "\"handler\": \"to\"", "\"upstream\": \"shop\"",
                    "\"attempts\": 2", "\"value\": \"2s\""})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST(RoutesPage, TellsOfEachUpstreamOfARouteThatHasSeveral) {
  auto route = *surroundings().route;
  route.forwards.push_back({"canary", 1, {}, {{"first_byte", 5s, "default"}}});

  auto page = routes_page({route});

  for (auto part : {"\"upstreams\": [", "\"upstream\": \"shop\"", "\"upstream\": \"canary\"",
                    "\"value\": \"30s\"", "\"value\": \"5s\""})
    EXPECT_THAT(page, HasSubstr(part));
}

TEST(RoutesPage, IsShortForARouteThatAnswersItself) {
  RouteReport route;
  route.name = "hello";
  route.handler = "respond";

  auto page = routes_page({route});

  EXPECT_THAT(page, HasSubstr("\"filters\": []"));
  EXPECT_THAT(page, testing::Not(HasSubstr("upstream")));
}

TEST(DurationText, HasTheUnitThatReadsBest) {
  EXPECT_EQ(duration_text({}), "none");
  EXPECT_EQ(duration_text(250us), "250us");
  EXPECT_EQ(duration_text(30ms), "30ms");
  EXPECT_EQ(duration_text(1250us), "1.25ms");
  EXPECT_EQ(duration_text(2s), "2s");
  EXPECT_EQ(duration_text(1500ms), "1500ms");
  EXPECT_EQ(duration_text(30'003'700us), "30.004s");
}

}  // namespace
}  // namespace sluice::admin::routes_page_test
