// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/wheel.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <optional>
#include <random>
#include <vector>

namespace sluice::net::wheel_test {
namespace {

using namespace std::chrono_literals;
using base::Duration;
using base::SteadyTime;

const SteadyTime kStart{1000h};

struct Probe final : Timer {
  int fired = 0;
  std::function<void()> then;
  void expired() noexcept override {
    ++fired;
    if (then) std::exchange(then, {})();
  }
};

// Advances as a loop does: to each moment that the wheel asks for, and to `end`.
void run_until(Wheel& wheel, SteadyTime end) {
  while (wheel.next_tick() <= end) wheel.advance(wheel.next_tick());
  wheel.advance(end);
}

class WheelDuration : public testing::TestWithParam<Duration> {};

TEST_P(WheelDuration, FiresNeverEarlyAndAtMostTwoTicksLate) {
  for (Duration offset : {0ms, 1ms, 50ms, 99ms, 100ms, 731ms}) {
    Wheel wheel(kStart);
    SteadyTime set_at = kStart + offset;
    wheel.advance(set_at);
    Probe probe;

    wheel.set(probe, wheel.due_in(GetParam()));

    run_until(wheel, set_at + GetParam() - 1ns);
    EXPECT_EQ(probe.fired, 0) << offset.count();
    run_until(wheel, set_at + GetParam() + 2 * Wheel::kTick);
    EXPECT_EQ(probe.fired, 1) << offset.count();
  }
}

INSTANTIATE_TEST_SUITE_P(Lengths, WheelDuration,
                         testing::Values(1ns, 1ms, 99ms, 100ms, 101ms, 250ms, 2s, 30s, 60s, 102s, 103s, 204s,
                                         205s, 1000s, 24h));

TEST(Wheel, TakesZeroAndLessForNoTimeout) {
  Wheel wheel(kStart);

  EXPECT_EQ(wheel.due_in(0s), kNever);
  EXPECT_EQ(wheel.due_in(-5s), kNever);
}

TEST(Wheel, CountsFromTheObservedTimeAfterAPause) {
  Wheel wheel(kStart);
  wheel.advance(kStart + 1s);
  Probe probe;

  wheel.observe(kStart + 1h);  // a loop wakes up after an hour and serves an event that sets a timer
  wheel.set(probe, wheel.due_in(2s));
  wheel.advance(kStart + 1h);
  run_until(wheel, kStart + 1h + 2s - 1ns);

  EXPECT_EQ(probe.fired, 0);
  run_until(wheel, kStart + 1h + 3s);
  EXPECT_EQ(probe.fired, 1);
}

TEST(Wheel, IgnoresATimeBeforeItsStart) {
  Wheel wheel(kStart);
  Probe probe;
  wheel.set(probe, wheel.due_in(1s));

  wheel.advance(kStart - 1h);

  EXPECT_EQ(probe.fired, 0);
  EXPECT_EQ(wheel.now(), 0u);
}

TEST(Wheel, FiresAPostponedTimerAtItsLastDueTickOnly) {
  Wheel wheel(kStart);
  Probe probe;
  wheel.set(probe, wheel.due_in(1s));
  for (auto t = kStart; t < kStart + 20s; t += 500ms) {
    run_until(wheel, t);
    wheel.set(probe, wheel.due_in(1s));
  }
  SteadyTime last = kStart + 19500ms;

  run_until(wheel, last + 1s - 1ns);
  EXPECT_EQ(probe.fired, 0);
  run_until(wheel, last + 1200ms);
  EXPECT_EQ(probe.fired, 1);
}

TEST(Wheel, FiresEarlierWhenATimerIsMovedForward) {
  Wheel wheel(kStart);
  Probe probe;
  wheel.set(probe, wheel.due_in(1h));

  wheel.set(probe, wheel.due_in(1s));

  run_until(wheel, kStart + 1200ms);
  EXPECT_EQ(probe.fired, 1);
}

TEST(Wheel, DoesNotFireWhatWasUnset) {
  Wheel wheel(kStart);
  Probe unset, set_to_never;
  wheel.set(unset, wheel.due_in(1s));
  wheel.set(set_to_never, wheel.due_in(1s));

  wheel.unset(unset);
  wheel.set(set_to_never, kNever);

  run_until(wheel, kStart + 1h);
  EXPECT_EQ(unset.fired + set_to_never.fired, 0);
}

TEST(Wheel, UnsetsATimerBeforeItFires) {
  Wheel wheel(kStart);
  Probe probe;
  Tick due_when_fired = 0;
  probe.then = [&] { due_when_fired = probe.due(); };
  wheel.set(probe, wheel.due_in(1s));

  run_until(wheel, kStart + 2s);

  EXPECT_EQ(due_when_fired, kNever);
}

TEST(Wheel, LetsATimerSetItselfAgain) {
  Wheel wheel(kStart);
  Probe probe;
  probe.then = [&] { wheel.set(probe, wheel.due_in(1s)); };
  wheel.set(probe, wheel.due_in(1s));

  run_until(wheel, kStart + 1200ms);
  EXPECT_EQ(probe.fired, 1);
  run_until(wheel, kStart + 2400ms);
  EXPECT_EQ(probe.fired, 2);
  run_until(wheel, kStart + 1h);
  EXPECT_EQ(probe.fired, 2);
}

TEST(Wheel, LetsATimerDestroyAnotherThatIsDueInTheSameTick) {
  Wheel wheel(kStart);
  Probe first;
  auto second = std::make_unique<Probe>();
  auto third = std::make_unique<Probe>();
  for (Probe* p : {&first, second.get(), third.get()}) wheel.set(*p, wheel.due_in(1s));
  first.then = [&] { second.reset(); };

  run_until(wheel, kStart + 2s);

  EXPECT_EQ(first.fired, 1);
  EXPECT_EQ(third->fired, 1);
}

TEST(Wheel, FiresEveryTimerOnceAfterAPauseLongerThanATurn) {
  Wheel wheel(kStart);
  std::vector<std::unique_ptr<Probe>> probes;
  for (int i = 1; i <= 300; ++i) {
    probes.push_back(std::make_unique<Probe>());
    wheel.set(*probes.back(), wheel.due_in(i * 1s));
  }

  wheel.advance(kStart + 250s);

  for (int i = 1; i <= 300; ++i)
    EXPECT_EQ(probes[static_cast<std::size_t>(i) - 1]->fired, i <= 249 ? 1 : 0) << i;
}

TEST(Wheel, AsksForNothingWhileEmptyAndAgainOnceAllTimersAreGone) {
  Wheel wheel(kStart);
  EXPECT_EQ(wheel.next_tick(), SteadyTime::max());
  auto probe = std::make_unique<Probe>();
  wheel.set(*probe, wheel.due_in(2s));
  EXPECT_LE(wheel.next_tick(), kStart + 2200ms);
  EXPECT_GT(wheel.next_tick(), kStart + 2s);

  probe.reset();
  wheel.advance(wheel.next_tick());

  EXPECT_EQ(wheel.next_tick(), SteadyTime::max());
}

TEST(Wheel, AgreesWithAPlainListOfTimers) {
  std::mt19937_64 random(7);
  Wheel wheel(kStart);
  struct Modelled {
    Probe probe;
    std::optional<SteadyTime> due;
  };
  std::vector<std::unique_ptr<Modelled>> all;
  for (int i = 0; i < 200; ++i) all.push_back(std::make_unique<Modelled>());
  SteadyTime now = kStart;

  for (int step = 0; step < 20'000; ++step) {
    Modelled& m = *all[random() % all.size()];
    auto roll = random() % 10;
    if (roll < 6) {
      Duration after = std::chrono::milliseconds(1 + random() % 200'000);
      wheel.set(m.probe, wheel.due_in(after));
      m.due = now + after;
    } else if (roll == 6) {
      wheel.unset(m.probe);
      m.due.reset();
    }
    now += std::chrono::milliseconds(random() % 50 == 0 ? random() % 150'000 : random() % 300);
    wheel.advance(now);
    for (auto& entry : all) {
      ASSERT_LE(entry->probe.fired, 1);
      bool fired = std::exchange(entry->probe.fired, 0) == 1;
      ASSERT_TRUE(!fired || (entry->due && *entry->due <= now)) << "fired early";
      if (fired) entry->due.reset();
      ASSERT_TRUE(!entry->due || *entry->due + 2 * Wheel::kTick > now) << "fired late";
    }
  }
}

}  // namespace
}  // namespace sluice::net::wheel_test
