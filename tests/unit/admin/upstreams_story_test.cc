// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include "gateway/admin/upstreams_page.h"

namespace sluice::admin::upstreams_story_test {
namespace {

using namespace std::chrono_literals;
using State = upstream::ServiceState;

TargetReport target(std::string name, State state, std::string why = {}) {
  TargetReport out;
  out.target = std::move(name);
  out.state = state;
  out.why_not = std::move(why);
  return out;
}

TEST(UpstreamsTable, HasALineForEachTarget) {
  auto good = target("10.0.0.1:80", State::healthy), bad = target("orders-2:8080", State::unhealthy);
  good.weight = 10;
  good.active = 3;
  good.connections = 12;
  bad.disagreement = "checks fail (status 503), but requests are answered with 2xx";

  EXPECT_EQ(upstreams_table({{{"orders", {good, bad}}, {"empty", {}}}}),
            "upstream  target         state      weight  active  connections\n"
            "orders    10.0.0.1:80    healthy        10       3           12\n"
            "orders    orders-2:8080  unhealthy       1       0            0  probe disagrees\n"
            "empty: there are no targets\n");
}

TEST(UpstreamsStory, TellsWhatBecameOfEachTargetWithTheNewestFirst) {
  auto bad = target("a:80", State::unhealthy, "a:80 fails its health checks: status 503");
  base::WallTime start(1'700'000'000s);
  bad.changes = {{State::ejected, start, "5 failures in a row", State::healthy},
                 {State::unhealthy, start + 1s, "status\x1b 503", State::ejected}};
  bad.disagreement = "checks fail (status 503), but requests are answered with 2xx";

  EXPECT_EQ(upstreams_story({{{"orders", {bad, target("b:80", State::healthy)}}, {"empty", {}}}}),
            "orders a:80: unhealthy\n"
            "  because a:80 fails its health checks: status 503\n"
            "  probe disagrees: checks fail (status 503), but requests are answered with 2xx\n"
            "  2023-11-14T22:13:21.000Z  ejected -> unhealthy: status\\u001b 503\n"
            "  2023-11-14T22:13:20.000Z  healthy -> ejected: 5 failures in a row\n"
            "orders b:80: healthy\n"
            "  nothing has changed\n"
            "empty: there are no targets\n");
}

}  // namespace
}  // namespace sluice::admin::upstreams_story_test
