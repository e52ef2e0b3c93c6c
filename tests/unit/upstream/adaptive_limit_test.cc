// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/adaptive_limit.h"

#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <map>

#include "gateway/upstream/random.h"

namespace sluice::upstream::adaptive_limit_test {
namespace {

using namespace std::chrono_literals;
using base::Duration;
using base::SteadyTime;

// Requests that come at a rate, and a service that works at so many of them at a time, each for a while, and
// has the others wait in order.
class Simulation {
 public:
  double rate = 500;  // requests a second
  std::size_t servers = 10;
  std::function<Duration(Random&)> work = [this](Random& r) { return usual(r); };
  Duration service = 10ms;  // on average
  bool answers = true;
  AdaptiveConfig config;

  Simulation() { limit_.serve(2); }

  void run(Duration time) {
    auto end = clock_.steady() + time;
    admitted = refused = answered = 0;
    most_in_flight = 0;
    while (clock_.steady() < end) {
      bool completes = !working_.empty() && working_.begin()->first <= next_;
      auto next = std::min(completes ? working_.begin()->first : next_, end);
      clock_.advance(next - clock_.steady());
      if (clock_.steady() == end) break;
      if (completes) {
        complete();
      } else {
        arrive();
      }
    }
  }
  // Of the two parts of all that have come.
  double share_refused() const {
    return static_cast<double>(refused) / static_cast<double>(refused + admitted);
  }
  bool limited() const { return limit_.limit() != AdaptiveLimit::kNone; }
  AdaptiveLimit& limit() { return limit_; }

  // Since run() began.
  int admitted = 0, refused = 0, answered = 0;
  std::size_t most_in_flight = 0;

 private:
  // From half to one and a half of the usual time.
  Duration usual(Random& r) const {
    return service / 2 + service * static_cast<std::int64_t>(r.below(1000)) / 1000;
  }
  std::uint32_t in_flight() const { return static_cast<std::uint32_t>(working_.size() + waiting_.size()); }
  void arrive() {
    // Evenly from nothing to twice the average distance.
    next_ +=
        Duration(static_cast<std::int64_t>(2e9 / rate * static_cast<double>(random_.below(1000)) / 1000));
    limit_.asked(config, in_flight(), clock_.steady());
    if (in_flight() >= limit_.limit()) {
      ++refused;
      return;
    }
    ++admitted;
    waiting_.push_back({clock_.steady(), in_flight() + 1});
    most_in_flight = std::max<std::size_t>(most_in_flight, in_flight());
    start();
  }
  void start() {
    while (answers && !waiting_.empty() && working_.size() < servers) {
      working_.emplace(clock_.steady() + work(random_), waiting_.front());
      waiting_.pop_front();
    }
  }
  void complete() {
    auto [came, in_flight_then] = working_.begin()->second;
    working_.erase(working_.begin());
    start();
    ++answered;
    limit_.answered(answered % 2, config, clock_.steady() - came, in_flight_then, clock_.steady());
  }

  base::VirtualClock clock_;
  Random random_{7};
  SteadyTime next_ = clock_.steady();
  struct Request {
    SteadyTime came;
    std::uint32_t in_flight;  // with it
  };
  std::multimap<SteadyTime, Request> working_;  // by when they are done
  std::deque<Request> waiting_;
  AdaptiveLimit limit_;
};

TEST(AdaptiveLimit, IsNoneWhileTheServiceKeepsUp) {
  Simulation s;

  s.run(60s);

  EXPECT_FALSE(s.limited());
  EXPECT_EQ(s.refused, 0);
  EXPECT_NEAR(s.limit().floor(), 10'000, 3'000);
}

// Capacity is where all of the servers have work and few requests wait.
class Capacity : public testing::TestWithParam<std::pair<std::size_t, Duration>> {};
TEST_P(Capacity, IsWhatTheLimitComesTo) {
  auto [servers, service] = GetParam();
  Simulation s;
  s.servers = servers;
  s.service = service;
  double bears = static_cast<double>(servers) / std::chrono::duration<double>(service).count();
  s.rate = bears / 2;
  s.run(10s);

  s.rate = 3 * bears;
  s.run(60s);
  s.run(60s);

  EXPECT_TRUE(s.limited());
  EXPECT_GE(s.limit().limit(), servers);
  EXPECT_LE(s.limit().limit(), 1.5 * static_cast<double>(servers) + 10);
  EXPECT_GE(s.answered, 60 * bears * 0.95) << "no work is kept from it";
  EXPECT_LE(s.most_in_flight, 2 * servers + 20) << "and the queue is short";
}
INSTANTIATE_TEST_SUITE_P(AdaptiveLimit, Capacity,
                         testing::Values(std::pair{std::size_t{10}, Duration(10ms)},
                                         std::pair{std::size_t{4}, Duration(5ms)},
                                         std::pair{std::size_t{100}, Duration(50ms)},
                                         std::pair{std::size_t{400}, Duration(20ms)},
                                         std::pair{std::size_t{32}, Duration(400ms)}));

TEST(AdaptiveLimit, FollowsAServiceThatGetsMoreServers) {
  Simulation s;
  s.run(10s);
  s.rate = 3'000;
  s.run(30s);

  s.servers = 20;
  s.run(30s);
  s.run(10s);

  EXPECT_GE(s.answered, 10 * 2'000 * 0.95);
}

TEST(AdaptiveLimit, FollowsAServiceThatGetsQuicker) {
  Simulation s;
  s.run(10s);
  s.rate = 3'000;
  s.run(30s);

  s.service = 5ms;
  s.run(30s);
  s.run(10s);

  EXPECT_GE(s.answered, 10 * 2'000 * 0.95);
  EXPECT_LE(s.most_in_flight, 50u);
}

TEST(AdaptiveLimit, FollowsAServiceThatLosesServers) {
  Simulation s;
  s.servers = 40;
  s.rate = 2'000;
  s.run(30s);
  EXPECT_FALSE(s.limited());

  s.servers = 10;
  s.run(30s);
  s.run(10s);

  EXPECT_GE(s.answered, 10 * 1'000 * 0.95);
  EXPECT_LE(s.most_in_flight, 50u);
}

TEST(AdaptiveLimit, GoesAwayWithTheTrouble) {
  Simulation s;
  s.run(10s);
  s.rate = 3'000;
  s.run(30s);
  EXPECT_TRUE(s.limited());

  s.rate = 500;
  s.run(20s);

  EXPECT_FALSE(s.limited());
  s.run(20s);
  EXPECT_EQ(s.refused, 0);
}

TEST(AdaptiveLimit, TakesALatencyThatIsNoQueueForANewFloor) {
  Simulation s;
  s.servers = 100'000;  // nobody ever waits
  s.run(30s);

  s.service = 50ms;
  s.run(60s);

  EXPECT_LE(s.share_refused(), 0.02);
  EXPECT_NEAR(s.limit().floor(), 50'000, 15'000);
  s.run(60s);
  EXPECT_FALSE(s.limited());
  EXPECT_EQ(s.refused, 0);
}

TEST(AdaptiveLimit, IsNoneWhereAFewRequestsTakeVeryLong) {
  Simulation s;
  s.servers = 100'000;
  s.work = [](Random& r) -> Duration { return r.below(100) == 0 ? 20s : 10ms; };

  s.run(120s);

  EXPECT_EQ(s.refused, 0);
}

TEST(AdaptiveLimit, KnowsNothingFromAFewAnswers) {
  Simulation s;
  s.rate = 0.5;
  s.work = [](Random& r) { return 1ms * static_cast<std::int64_t>(r.below(4000) + 1); };

  s.run(1h);

  EXPECT_EQ(s.refused, 0);
  EXPECT_FALSE(s.limited());
}

TEST(AdaptiveLimit, HoldsWhatIsInFlightWhereNoAnswersCome) {
  Simulation s;
  s.run(10s);

  s.answers = false;
  s.run(30s);

  EXPECT_TRUE(s.limited());
  EXPECT_LE(s.most_in_flight, 1'050u) << "what came within two seconds";
}

TEST(AdaptiveLimit, StaysWithinItsBounds) {
  Simulation s;
  s.config.min = 30;
  s.config.max = 35;
  s.run(10s);
  s.rate = 3'000;

  s.run(60s);
  EXPECT_EQ(s.limit().limit(), 30u);

  s.servers = 1'000;
  s.run(2s);
  EXPECT_LE(s.limit().limit(), 35u);
}

TEST(AdaptiveLimit, ForgetsAllWhenItIsNotConfiguredAnyMore) {
  Simulation s;
  s.run(10s);
  s.rate = 3'000;
  s.run(30s);

  s.limit().reset();

  EXPECT_FALSE(s.limited());
  EXPECT_EQ(s.limit().floor(), 0);
}

}  // namespace
}  // namespace sluice::upstream::adaptive_limit_test
