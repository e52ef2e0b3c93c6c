// SPDX-License-Identifier: Apache-2.0
// What is wrong with a configuration, and how it is said, is in tests/config/root/health.golden.
#include "gateway/upstream/health_config.h"

#include <gtest/gtest.h>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::upstream::health_config_test {
namespace {

using namespace std::chrono_literals;

// UpstreamConfig's `health`, as it must be there that it may be short.
struct Holder {
  HealthConfig health;
  bool operator==(const Holder&) const = default;
};
void describe(config::Description<Holder>& d) {
  d.about("holder", "For a test.");
  d.field("health", &Holder::health, "Checks.", config::required);
}

HealthConfig good(const std::string& yaml) {
  config::Diagnostics diagnostics;
  auto document = config::parse("health: " + yaml, diagnostics);
  auto holder = config::bind<Holder>(document, diagnostics);
  EXPECT_EQ(diagnostics.text(), "") << yaml;
  return holder.health;
}

TEST(HealthConfig, TakesAPathForAnHttpCheck) {
  auto c = good("/healthz");

  EXPECT_EQ(c.type, ProbeKind::http);
  EXPECT_EQ(c.path, "/healthz");
  EXPECT_EQ(c, good("{path: /healthz, interval: 5s, timeout: 2s}")) << "the long form of the same";
}

TEST(HealthConfig, TakesTheNameOfATypeForACheckThatNeedsNothingElse) {
  EXPECT_EQ(good("tcp").type, ProbeKind::tcp);
  EXPECT_EQ(good("grpc").type, ProbeKind::grpc);
  EXPECT_EQ(good("{type: grpc, service: shop.Cart}").service, "shop.Cart");
}

TEST(HealthConfig, TakesStatusesOneByOneByClassAndByRange) {
  EXPECT_EQ(good("/").expect, (std::vector<StatusRange>{{200, 399}}));
  EXPECT_EQ(good("{path: /, expect: 204}").expect, (std::vector<StatusRange>{{204, 204}}));
  EXPECT_EQ(good("{path: /, expect: [2xx, 404, 500-502]}").expect,
            (std::vector<StatusRange>{{200, 299}, {404, 404}, {500, 502}}));
}

TEST(HealthConfig, HasRangesThatHoldBothTheirEnds) {
  StatusRange range{200, 399};

  EXPECT_TRUE(range.holds(200) && range.holds(399));
  EXPECT_FALSE(range.holds(199) || range.holds(400));
  EXPECT_EQ(range.text(), "200-399");
  EXPECT_EQ((StatusRange{204, 204}.text()), "204");
}

TEST(HealthConfig, MayHaveATimeoutAsLongAsTheInterval) {
  EXPECT_EQ(good("{path: /, interval: 1s, timeout: 1s}").timeout, 1s);
}

}  // namespace
}  // namespace sluice::upstream::health_config_test
