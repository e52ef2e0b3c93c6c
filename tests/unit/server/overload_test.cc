// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/overload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gateway/observe/metrics.h"

namespace sluice::server::overload_test {
namespace {

using namespace config::literals;
using net::Strain;
using net::StrainCause;
using testing::HasSubstr;
using testing::Not;

constexpr std::uint64_t kMiB = 1 << 20;

class OverloadTest : public testing::Test {
 protected:
  OverloadTest() {
    for (unsigned i = 0; i < 2; ++i) workers_.push_back(std::make_unique<WorkerThread>(i, clock_, metrics_));
    overload_.read_by([this] { return reading_; });
  }
  // Looks once.
  void use(std::string_view resident, MemoryLimit limit = {MemoryLimit::Kind::bytes, 100_MiB}) {
    reading_.resident = std::stoull(std::string(resident)) * kMiB;
    overload_.use({limit, {}});
    for (auto& w : workers_) w->loop().run_once(base::Duration::zero());
  }
  Strain strain(unsigned worker) const { return workers_[worker]->loop().pressure().of(StrainCause::memory); }

  base::VirtualClock clock_;
  observe::MetricsRegistry metrics_{observe::MetricsOptions{.workers = 2}};
  boost::asio::io_context control_;
  Workers workers_;
  MemoryReading reading_;
  Overload overload_{control_, workers_};
};

TEST_F(OverloadTest, TellsEveryWorkerHowShortMemoryIs) {
  use("50");
  EXPECT_EQ(strain(0), Strain::none);
  use("93");
  EXPECT_EQ(strain(0), Strain::much);
  EXPECT_EQ(strain(1), Strain::much);
  use("70");
  EXPECT_EQ(strain(1), Strain::some);
  use("70");
  EXPECT_EQ(strain(1), Strain::none);
}

TEST_F(OverloadTest, MakesWorkersFrugalForAsLong) {
  {
    auto used = workers_[1]->loop().buffers().head();
  }
  use("86");
  EXPECT_TRUE(workers_[1]->loop().buffers().frugal());
  EXPECT_EQ(workers_[1]->loop().buffers().held(), 0u);
  use("10");
  EXPECT_FALSE(workers_[1]->loop().buffers().frugal());
}

TEST_F(OverloadTest, CountsWhatTheSystemHoldsForSockets) {
  reading_.sockets = 40 * kMiB;
  use("50");
  EXPECT_EQ(strain(0), Strain::some);
}

TEST_F(OverloadTest, LetsExchangesBeFoundOnlyWhereThereIsALimit) {
  use("50");
  EXPECT_TRUE(workers_[0]->loop().pressure().watched());
  use("5000", {MemoryLimit::Kind::off, {}});
  EXPECT_FALSE(workers_[0]->loop().pressure().watched());
  EXPECT_EQ(strain(0), Strain::none);
}

TEST_F(OverloadTest, IsOverWhenTheLimitIsRaisedOrGone) {
  use("99");
  EXPECT_EQ(strain(0), Strain::utmost);
  use("99", {MemoryLimit::Kind::off, {}});
  EXPECT_EQ(strain(0), Strain::none);
}

TEST_F(OverloadTest, ShowsItsMetrics) {
  auto shown = overload_.at_scrape(metrics_.store());
  use("93");
  workers_[0]->loop().pressure().count(StrainCause::memory);
  workers_[1]->loop().pressure().count(StrainCause::memory);
  workers_[1]->loop().pressure().set(StrainCause::lag, Strain::some);

  auto text = metrics_.text();

  EXPECT_THAT(text, HasSubstr("sluice_memory_bytes{pool=\"resident\"} 97517568"));
  EXPECT_THAT(text, HasSubstr("sluice_memory_limit_bytes 104857600"));
  EXPECT_THAT(text, HasSubstr("sluice_overload_level{cause=\"memory\"} 2"));
  EXPECT_THAT(text, HasSubstr("sluice_overload_level{cause=\"lag\"} 1"));
  EXPECT_THAT(text, HasSubstr("sluice_overload_shed_total{cause=\"memory\"} 2"));

  use("93", {MemoryLimit::Kind::off, {}});
  EXPECT_THAT(metrics_.text(), Not(HasSubstr("\nsluice_memory_limit_bytes ")));
}

}  // namespace
}  // namespace sluice::server::overload_test
