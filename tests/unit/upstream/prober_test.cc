// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/prober.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/log.h"
#include "gateway/observe/metrics.h"

#include "tests/unit/upstream/service.h"

namespace sluice::upstream::prober_test {
namespace {

using namespace std::chrono_literals;
using testing::AllOf;
using testing::ElementsAre;
using testing::HasSubstr;

constexpr std::string_view kGood = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n";
constexpr std::string_view kBad = "HTTP/1.1 500 Oh\r\nContent-Length: 0\r\n\r\n";

class ProberTest : public testing::Test {
 protected:
  ProberTest() {
    service_.group->upstream = "orders";
    service_.target->check_health(true, clock_.wall());
    settings_.health.path = "/healthz";
    base::set_log_sink([this](base::Level level, std::string_view text) {
      log_.push_back(std::string(base::name(level)) + " " + std::string(text));
    });
  }
  ~ProberTest() override { base::set_log_sink(nullptr); }

  void watch() {
    prober_.watch({{service_.target, std::make_shared<const ProbeSettings>(settings_), upstream_metrics_}});
  }
  // Lets connections and answers come to rest at the present time.
  void settle() {
    for (int i = 0; i < 20; ++i) {
      loop_.run_once(0s);
      service_.serve();
    }
  }
  void pass(base::Duration time) {
    for (; time > 0s; time -= 100ms) {
      clock_.advance(100ms);
      settle();
    }
  }
  // Until that many checks have been made, at most an hour of the clock.
  void pass_checks(std::size_t more) {
    auto until = service_.received.size() + more;
    for (int i = 0; i < 36'000 && service_.received.size() < until; ++i) pass(100ms);
    EXPECT_EQ(service_.received.size(), until);
  }
  bool usable() const { return service_.target->usable(); }

  base::VirtualClock clock_;
  net::Loop loop_{clock_};
  Service service_;
  ProbeSettings settings_;
  observe::MetricsRegistry metrics_{observe::MetricsOptions{}};
  std::shared_ptr<observe::UpstreamMetrics> upstream_metrics_ = metrics_.upstream("orders");
  std::vector<std::string> log_;
  Prober prober_{loop_, Random(1)};
};

TEST_F(ProberTest, ChecksAtOnce) {
  watch();
  settle();

  EXPECT_EQ(service_.received.size(), 1u);
  EXPECT_TRUE(usable());
  EXPECT_THAT(log_, testing::IsEmpty()) << "nothing has changed";
}

TEST_F(ProberTest, ChecksATargetOnceThatSeveralSourcesHave) {
  auto settings = std::make_shared<const ProbeSettings>(settings_);
  for (int i = 0; i < 2; ++i)
    prober_.watch(
        {{service_.target, settings, upstream_metrics_}, {service_.target, settings, upstream_metrics_}});
  settle();

  EXPECT_TRUE(service_.target->health().healthy());
}

TEST_F(ProberTest, TakesATargetOutThatFailsItsFirstCheck) {
  service_.answer = kBad;
  auto version = service_.group->version.load();
  EXPECT_TRUE(usable());

  watch();
  settle();

  EXPECT_FALSE(usable());
  EXPECT_GT(service_.group->version.load(), version) << "the workers look again";
  EXPECT_THAT(log_, ElementsAre("warning upstream orders: orders:80 is unhealthy: status 500"));
}

TEST_F(ProberTest, ChecksAgainAfterTheIntervalGiveOrTakeAFifth) {
  watch();
  settle();
  std::size_t seen = 1;
  base::Duration since{}, shortest = 1h, longest{};
  for (int i = 0; i < 3000; ++i) {
    pass(100ms);
    since += 100ms;
    if (service_.received.size() == seen) continue;
    seen = service_.received.size();
    shortest = std::min(shortest, since);
    longest = std::max(longest, since);
    since = {};
  }

  EXPECT_GT(seen, 50u);
  EXPECT_GE(shortest, 4s);
  EXPECT_LE(longest, 6300ms) << "a timer is at most two ticks late";
  EXPECT_GT(longest - shortest, 1s) << "not in step";
}

TEST_F(ProberTest, TakesATargetOutAfterThreeFailuresAndBackAfterTwoSuccesses) {
  watch();
  settle();
  service_.answer = kBad;
  pass_checks(2);
  EXPECT_TRUE(usable());
  pass_checks(1);
  EXPECT_FALSE(usable());
  service_.answer = kGood;
  pass_checks(1);
  EXPECT_FALSE(usable());

  pass_checks(1);

  EXPECT_TRUE(usable());
  EXPECT_THAT(log_, ElementsAre("warning upstream orders: orders:80 is unhealthy: status 500",
                                "info upstream orders: orders:80 is healthy: status 200"));
  EXPECT_EQ(service_.target->changes().size(), 2u);
}

TEST_F(ProberTest, AsksSoonAgainUntilATargetThatPassesIsHealthy) {
  settings_.health.healthy_after = 4;
  service_.answer = kBad;
  watch();
  settle();
  service_.answer = kGood;
  pass_checks(1);
  EXPECT_FALSE(usable());

  pass(3s);  // three checks, a tenth of the interval from one to the next

  EXPECT_TRUE(usable());
  auto seen = service_.received.size();
  EXPECT_EQ(seen, 5u);
  pass(2s);
  EXPECT_EQ(service_.received.size(), seen) << "in its rhythm again";
}

TEST_F(ProberTest, AsksInItsRhythmAgainWhenATargetThatHadPassedFails) {
  service_.answer = kBad;
  watch();
  settle();
  service_.answer = kGood;
  pass_checks(1);
  service_.answer = kBad;
  pass(1s);
  ASSERT_EQ(service_.received.size(), 3u);

  pass(2500ms);

  EXPECT_EQ(service_.received.size(), 3u);
  EXPECT_FALSE(usable());
}

TEST_F(ProberTest, CountsWhatItFinds) {
  upstream_metrics_->expect_health_checks();
  watch();
  settle();
  service_.answer = kBad;
  pass_checks(2);
  service_.answer = "";
  pass(10s);

  auto text = metrics_.text();

  EXPECT_THAT(
      text,
      AllOf(HasSubstr("sluice_upstream_health_checks_total{upstream=\"orders\",result=\"passed\"} 1\n"),
            HasSubstr("sluice_upstream_health_checks_total{upstream=\"orders\",result=\"failed\"} 2\n"),
            HasSubstr("sluice_upstream_health_checks_total{upstream=\"orders\",result=\"timeout\"} 1\n")));
}

TEST_F(ProberTest, GoesOnInItsRhythmWhenItIsToldTheSameAgain) {
  watch();
  settle();
  for (int i = 0; i < 10; ++i) {
    pass(100ms);
    watch();
  }

  EXPECT_EQ(service_.received.size(), 1u);
  pass_checks(1);
}

TEST_F(ProberTest, ChecksAtOnceWithOtherSettings) {
  watch();
  settle();
  settings_.health.path = "/ready";

  watch();
  settle();

  ASSERT_EQ(service_.received.size(), 2u);
  EXPECT_THAT(service_.received[1], testing::StartsWith("GET /ready "));
}

TEST_F(ProberTest, EndsTheChecksOfWhatIsGone) {
  service_.answer = "";
  watch();
  settle();
  ASSERT_EQ(service_.received.size(), 1u);

  prober_.watch({});
  settle();

  EXPECT_EQ(service_.closed, 1u) << "in the middle of one";
  EXPECT_EQ(prober_.watched(), 0u);
  EXPECT_EQ(service_.target.use_count(), 1);
  pass(30s);
  EXPECT_EQ(service_.received.size(), 1u);
}

TEST_F(ProberTest, WaitsForAnAddressBeforeItJudges) {
  auto group = std::make_shared<TargetGroup>();
  auto unresolved = Target::make(group, TargetUrl{"later", 80}, std::make_shared<const WorkerLoops>());
  unresolved->check_health(true, clock_.wall());
  prober_.watch({{unresolved, std::make_shared<const ProbeSettings>(settings_), upstream_metrics_}});
  pass(10s);
  EXPECT_TRUE(unresolved->health().healthy());
  EXPECT_EQ(service_.received.size(), 0u);

  unresolved->publish(std::vector{*net::Address::parse("127.0.0.1", service_.port())});
  pass(500ms);

  EXPECT_EQ(service_.received.size(), 1u);
  EXPECT_TRUE(unresolved->usable());
}

}  // namespace
}  // namespace sluice::upstream::prober_test
