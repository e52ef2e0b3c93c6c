// SPDX-License-Identifier: Apache-2.0
// How important requests are, and what becomes of them when not all can be served.
#include <gmock/gmock.h>

#include "tests/support/gateway.h"
#include "tests/support/matchers.h"

namespace sluice::test {
namespace {

constexpr const char* kRoutes = R"(
defaults: {importance: low}
routes:
  - {name: plain, match: {path: /plain}, respond: 204}
  - {name: health, match: {path: /health}, importance: critical, respond: 204}
  - name: raised
    match: {path: /raised}
    importance: normal
    use: [{importance: {set: critical, when: 'header["x-tier"] == "gold"'}}]
    respond: 204
)";

TEST(Importance, IsTheRoutesUntilAFilterSaysOtherwise) {
  Gateway gw(kRoutes);
  auto logged = [&](std::string_view path, std::string_view lines = {}) {
    EXPECT_EQ(gw.get(path, lines).status, 204);
    return json_value(gw.log_line(), "importance");
  };

  EXPECT_EQ(logged("/plain"), "low");
  EXPECT_EQ(logged("/health"), "critical");
  EXPECT_EQ(logged("/raised"), "");  // normal is not written
  EXPECT_EQ(logged("/raised", "X-Tier: gold\r\n"), "critical");
}

}  // namespace
}  // namespace sluice::test
