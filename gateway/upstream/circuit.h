// SPDX-License-Identifier: Apache-2.0
// Circuit: whether an upstream is left alone because too much fails there. One for each upstream, for all
// workers and across reloads; without a lock.
//
//   closed   all pass; too large a share of failures opens it
//   open     nothing passes, for a while
//   trying   a share passes; a failure opens it again
//   ramping  once one has succeeded: that share grows to all, and then it is closed; too many failures open
//   it
//
// Attempts that began before the present state say nothing about it.
#pragma once
#include <atomic>
#include <cstdint>

#include "gateway/base/clock.h"
#include "gateway/upstream/failure_window.h"
#include "gateway/upstream/protection_config.h"

namespace sluice::upstream {

class Circuit {
 public:
  enum class State : std::uint8_t { closed, open, trying, ramping };

  // May an attempt be made? `changed` is set if asking changed the state: for the log.
  bool admit(const CircuitConfig& config, base::SteadyTime now, bool& changed) noexcept;
  // How an attempt went that began then. True if that changed the state.
  bool succeeded(const CircuitConfig& config, base::SteadyTime began, base::SteadyTime now) noexcept;
  bool failed(const CircuitConfig& config, base::SteadyTime began, base::SteadyTime now) noexcept;
  // Nothing came of an attempt that was admitted then: where it was to try, another one tries in its place.
  void unjudged(base::SteadyTime began) noexcept;
  // There is no circuit breaker any more.
  void reset() noexcept { word_.store(0, std::memory_order_relaxed); }

  State state() const noexcept { return state_of(word_.load(std::memory_order_relaxed)); }
  // Of an open one: until something is let through.
  base::Duration left(const CircuitConfig& config, base::SteadyTime now) const noexcept;

 private:
  // When the state began, and the state in the two lowest bits: together they change at once.
  using Word = std::int64_t;
  static State state_of(Word word) noexcept { return static_cast<State>(word & 3); }
  static base::SteadyTime since(Word word) noexcept {
    return base::SteadyTime(base::Duration(word & ~Word{3}));
  }
  static Word word_of(State state, base::SteadyTime now) noexcept {
    return (now.time_since_epoch().count() & ~Word{3}) | static_cast<Word>(state);
  }
  bool turn(Word& from, State to, base::SteadyTime now) noexcept;
  bool pass(double share) noexcept;
  bool pass_instead() noexcept;

  std::atomic<Word> word_{0};
  std::atomic<std::uint32_t> ended_{0};     // while closed
  FailureWindow window_;                    // while closed
  std::atomic<std::uint32_t> asked_{0};     // while trying or ramping
  std::atomic<std::uint32_t> unjudged_{0};  // while trying: whom nobody has replaced yet
  std::atomic<std::uint32_t> well_{0};      // while ramping
  std::atomic<std::uint32_t> failed_{0};    // while ramping
};

}  // namespace sluice::upstream
