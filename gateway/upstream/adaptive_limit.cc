// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/adaptive_limit.h"

#include <algorithm>
#include <cmath>

#include "gateway/base/atomics.h"

namespace sluice::upstream {
namespace {

constexpr double kLogUnit = 1024;
// So much later than the floor, for so many windows in a row: a queue.
constexpr double kQueue = 2;
constexpr int kSigns = 2;
// So much is no queue yet while there is a limit.
constexpr double kTolerance = 1.2;
constexpr double kSteepest = 0.5;   // of the limit, in one step
constexpr double kSmoothing = 0.5;  // of which that much is done
// Windows in a row after which a limit that nobody needs goes away.
constexpr int kIdle = 10;
// By how much of the difference, on a logarithmic scale, the floor follows quicker answers, and the time
// within which it follows slower ones.
constexpr double kDown = 0.1;
constexpr double kUpSeconds = 60;

double seconds(base::Duration d) noexcept { return std::chrono::duration<double>(d).count(); }
base::Duration of_microseconds(double us) noexcept {
  return std::chrono::duration_cast<base::Duration>(std::chrono::duration<double, std::micro>(us));
}
// From `a` towards `b` on a logarithmic scale.
float towards(float a, float b, double part) noexcept {
  return static_cast<float>(a * std::pow(static_cast<double>(b) / a, part));
}

void grow(std::atomic<std::uint64_t>& cell, std::uint64_t by) noexcept {
  cell.store(cell.load(base::kRelaxed) + by, base::kRelaxed);
}

}  // namespace

void AdaptiveLimit::serve(unsigned workers) {
  if (cells_.empty()) cells_ = std::vector<Cells>(workers);
}

void AdaptiveLimit::reset() noexcept {
  while (looking_.exchange(true, std::memory_order_acquire)) {
  }
  lift();
  floor_.store(0, base::kRelaxed);
  latency_.store(0, base::kRelaxed);
  looking_.store(false, std::memory_order_release);
}

void AdaptiveLimit::add(Cells& cells, base::Duration took, std::uint32_t in_flight) noexcept {
  auto us = std::max(std::chrono::duration<double, std::micro>(took).count(), 1.0);
  grow(cells.logs, static_cast<std::uint64_t>(std::log2(us) * kLogUnit));
  grow(cells.in_flight, in_flight);
  grow(cells.answers, 1);
}

AdaptiveLimit::Sums AdaptiveLimit::sums() const noexcept {
  Sums out;
  for (const Cells& c : cells_) {
    out.answers += c.answers.load(base::kRelaxed);
    out.logs += c.logs.load(base::kRelaxed);
    out.in_flight += c.in_flight.load(base::kRelaxed);
  }
  return out;
}

bool AdaptiveLimit::look(const AdaptiveConfig& config, std::uint32_t in_flight,
                         base::SteadyTime now) noexcept {
  if (looking_.exchange(true, std::memory_order_acquire)) return false;  // another worker does
  auto before = limit();
  look_alone(config, in_flight, now);
  bool changed = limit() != before;
  looking_.store(false, std::memory_order_release);
  return changed;
}

void AdaptiveLimit::begin_window(base::SteadyTime now) noexcept {
  before_ = sums();
  began_ = now;
  auto length = std::max(kWindow, of_microseconds(latency()));
  look_at_.store((now + length).time_since_epoch().count(), base::kRelaxed);
}

void AdaptiveLimit::look_alone(const AdaptiveConfig& config, std::uint32_t in_flight,
                               base::SteadyTime now) noexcept {
  if (began_ == base::SteadyTime{}) return begin_window(now);
  auto all = sums();
  auto answers = all.answers - before_.answers;
  if (answers < kMany && (answers < kSamples || now - began_ < kLongWindow))
    return few_answers(config, in_flight, now);
  auto n = static_cast<double>(answers);
  Window window{static_cast<float>(std::exp2(static_cast<double>(all.logs - before_.logs) / n / kLogUnit)),
                static_cast<float>(static_cast<double>(all.in_flight - before_.in_flight) / n)};
  latency_.store(window.latency, base::kRelaxed);
  if (limit() == kNone) {
    learn_floor(window, now - began_);
    watch(config, window);
  } else {
    compare(window);
    adjust(config, window);
  }
  begin_window(now);
}

// Either little is going on, or nothing comes back: by Little's law as many answers as are in flight come
// within the latency, if that is still what it was.
void AdaptiveLimit::few_answers(const AdaptiveConfig& config, std::uint32_t in_flight,
                                base::SteadyTime now) noexcept {
  auto age = now - began_;
  auto usual = of_microseconds(4.0 * latency());
  bool stuck = floor() > 0 && in_flight >= std::max<std::uint32_t>(config.min, kSamples) &&
               age >= std::max<base::Duration>(std::chrono::seconds(1), usual);
  if (stuck) {
    compared_ = {};
    if (limit() == kNone) set(config, in_flight);
    begin_window(now);
  } else if (age >= std::max(kPatience, usual)) {
    lift();
    begin_window(now);
  }
}

double AdaptiveLimit::ratio(const Window& window) const noexcept {
  return static_cast<double>(window.latency) / static_cast<double>(floor());
}

// While there is no limit. Quicker answers than ever are believed soon; slower ones only if they stay.
void AdaptiveLimit::learn_floor(const Window& window, base::Duration age) noexcept {
  float floor = this->floor();
  if (floor <= 0) {
    floor = window.latency;
  } else if (window.latency < floor) {
    floor = towards(floor, window.latency, kDown);
  } else if (window.latency < kQueue * floor) {
    floor = towards(floor, window.latency, std::min(seconds(age) / kUpSeconds, kDown));
  }
  floor_.store(floor, base::kRelaxed);
}

void AdaptiveLimit::watch(const AdaptiveConfig& config, const Window& window) noexcept {
  bool queue = ratio(window) >= kQueue && window.in_flight >= static_cast<float>(config.min);
  signs_ = queue ? signs_ + 1 : 0;
  if (signs_ < kSigns) return;
  compared_ = window;
  set(config, window.in_flight + std::sqrt(window.in_flight));
}

// There are fewer in flight than there were: a queue would be shorter by those, and answers quicker. Halfway
// between that and no difference is where the verdict changes.
void AdaptiveLimit::compare(const Window& window) noexcept {
  constexpr float kFewer = 0.8F;
  if (window.latency < floor()) floor_.store(towards(floor(), window.latency, kDown), base::kRelaxed);
  if (window.in_flight > compared_.in_flight) {
    compared_ = window;
  } else if (window.in_flight <= kFewer * compared_.in_flight) {
    float share = window.in_flight / compared_.in_flight;
    bool no_queue = window.latency >= compared_.latency * (1 + share) / 2;
    compared_ = window;
    if (no_queue && window.latency > floor()) floor_.store(window.latency, base::kRelaxed);
  }
}

void AdaptiveLimit::adjust(const AdaptiveConfig& config, const Window& window) noexcept {
  double gradient = std::clamp(kTolerance / ratio(window), kSteepest, 1.0);
  bool needed = window.in_flight >= exact_ / 2;
  if (gradient < 1) {
    // A limit that is far above what there is would not be felt for a long time.
    double from = needed ? exact_ : std::max<double>(window.in_flight, config.min);
    idle_ = 0;
    set(config, std::min(exact_, exact_ + kSmoothing * (from * gradient + std::sqrt(from) - exact_)));
  } else if (needed) {
    idle_ = 0;
    set(config, exact_ + kSmoothing * std::sqrt(exact_));
  } else if (++idle_ >= kIdle) {
    lift();
  }
}

void AdaptiveLimit::set(const AdaptiveConfig& config, double limit) noexcept {
  exact_ = std::clamp<double>(limit, config.min, config.max.value_or(kNone - 1));
  limit_.store(static_cast<std::uint32_t>(exact_), base::kRelaxed);
}

void AdaptiveLimit::lift() noexcept {
  limit_.store(kNone, base::kRelaxed);
  signs_ = idle_ = 0;
}

}  // namespace sluice::upstream
