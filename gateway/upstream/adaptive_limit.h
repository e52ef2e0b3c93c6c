// SPDX-License-Identifier: Apache-2.0
// AdaptiveLimit: how many requests an upstream may owe an answer at a time, found out from how long it takes
// to begin its answers. There is no limit until a queue builds there: until answers come twice as late as
// they do when little is going on (the floor). Then the limit begins with what is in flight and shrinks until
// the queue is gone but for the square root of the limit, which keeps the upstream busy; where nothing is
// left of the trouble it goes away again.
//
// The rule is that of Gradient2Limit in Netflix's concurrency-limits: the limit times floor / latency, with a
// tolerance, plus its square root as headroom. Its ancestor is TCP Vegas (Brakmo and Peterson, 1995), which
// takes what is in flight times (1 - floor / latency) for the length of the queue. Two things are otherwise:
//
// - The floor is never measured by holding requests back, as Envoy's adaptive_concurrency does. It is learned
//   while there is no limit; and what shrinking does anyhow tells whether the floor still holds: a queue that
//   gets shorter makes answers quicker. If they stay as late as they were, it is the service itself that has
//   become slower, and that is its floor from now on.
// - The latency of a window is the geometric mean, so that one request in a hundred that waits for news, or a
//   cache that answers some at once, says little.
//
// Workers tell it of answers in cells of their own and read one atomic number. Who finds that a window is
// over adds the cells up. One for each upstream, across reloads. Reads no clock.
#pragma once
#include <atomic>
#include <cstdint>
#include <optional>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/upstream/protection_config.h"

namespace sluice::upstream {

class AdaptiveLimit {
 public:
  static constexpr std::uint32_t kNone = ~std::uint32_t{0};
  // A window has so many answers and this length; or, where they are rare, that length and so few. It lasts
  // as long as a request does at least: what has changed is not seen earlier.
  static constexpr std::uint64_t kMany = 100;
  static constexpr base::Duration kWindow = std::chrono::milliseconds(100);
  static constexpr std::uint64_t kSamples = 10;
  static constexpr base::Duration kLongWindow = std::chrono::seconds(1);
  // With fewer answers than that nothing is known any more after so long, and there is no limit.
  static constexpr base::Duration kPatience = std::chrono::seconds(10);

  // Before anything else, once; further calls do nothing. Control thread.
  void serve(unsigned workers);

  // kNone for none.
  std::uint32_t limit() const noexcept { return limit_.load(std::memory_order_relaxed); }
  // The head of an answer has come `took` after the request was sent, when so many were in flight with it:
  // the queue that it found is theirs. True if the limit has changed. That worker's thread.
  bool answered(unsigned worker, const AdaptiveConfig& config, base::Duration took, std::uint32_t in_flight,
                base::SteadyTime now) noexcept {
    add(cells_[worker], took, in_flight);
    return over(now) && look(config, in_flight, now);
  }
  // A request is about to be sent: where no answers come at all, nobody else would notice. Any worker.
  bool asked(const AdaptiveConfig& config, std::uint32_t in_flight, base::SteadyTime now) noexcept {
    return over(now) && look(config, in_flight, now);
  }
  // It is not configured any more.
  void reset() noexcept;

  // For people; any thread. Microseconds, zero while nothing is known.
  float floor() const noexcept { return floor_.load(std::memory_order_relaxed); }
  float latency() const noexcept { return latency_.load(std::memory_order_relaxed); }

 private:
  using Rep = base::SteadyTime::rep;
  // Written by one worker alone, so without a locked instruction.
  struct alignas(64) Cells {
    std::atomic<std::uint64_t> answers{0};
    std::atomic<std::uint64_t> logs{0};       // of microseconds, to the base of two, in parts of kLogUnit
    std::atomic<std::uint64_t> in_flight{0};  // sum over the answers, as of when they were asked for
  };
  struct Sums {
    std::uint64_t answers = 0, logs = 0, in_flight = 0;
  };
  struct Window {
    float latency;    // microseconds
    float in_flight;  // on average
  };

  static void add(Cells& cells, base::Duration took, std::uint32_t in_flight) noexcept;
  bool over(base::SteadyTime now) const noexcept {
    return now.time_since_epoch().count() >= look_at_.load(std::memory_order_relaxed);
  }
  bool look(const AdaptiveConfig& config, std::uint32_t in_flight, base::SteadyTime now) noexcept;
  void look_alone(const AdaptiveConfig& config, std::uint32_t in_flight, base::SteadyTime now) noexcept;
  Sums sums() const noexcept;
  void begin_window(base::SteadyTime now) noexcept;
  void few_answers(const AdaptiveConfig& config, std::uint32_t in_flight, base::SteadyTime now) noexcept;
  void learn_floor(const Window& window, base::Duration age) noexcept;
  void watch(const AdaptiveConfig& config, const Window& window) noexcept;
  void compare(const Window& window) noexcept;
  void adjust(const AdaptiveConfig& config, const Window& window) noexcept;
  void set(const AdaptiveConfig& config, double limit) noexcept;
  void lift() noexcept;
  double ratio(const Window& window) const noexcept;

  std::vector<Cells> cells_;  // by worker
  std::atomic<std::uint32_t> limit_{kNone};
  std::atomic<Rep> look_at_{0};  // when the present window may be over
  std::atomic<float> floor_{0}, latency_{0};

  // Of whoever looks: one at a time.
  std::atomic<bool> looking_{false};
  Sums before_;  // as of the begin of the window
  base::SteadyTime began_{};
  double exact_ = 0;   // the limit, if there is one
  int signs_ = 0;      // windows in a row with a queue
  int idle_ = 0;       // windows in a row that did not need the limit
  Window compared_{};  // what shrinking is compared with
};

}  // namespace sluice::upstream
