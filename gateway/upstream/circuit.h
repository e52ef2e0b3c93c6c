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
#include <utility>

#include "gateway/base/clock.h"
#include "gateway/upstream/failure_window.h"
#include "gateway/upstream/protection_config.h"

namespace sluice::upstream {

class Circuit {
 public:
  enum class State : std::uint8_t { closed, open, trying, ramping };

  // One of the few attempts that a half-open circuit lets pass; or none, which is what every attempt at a
  // closed one has. Dropped before anybody has judged it, it lets another one try in its place. The circuit
  // must outlive it.
  class Trial {
   public:
    Trial() = default;
    Trial(Circuit& of, base::SteadyTime began) noexcept : of_(&of), began_(began) {}
    Trial(Trial&& o) noexcept : of_(std::exchange(o.of_, nullptr)), began_(o.began_) {}
    Trial& operator=(Trial&& o) noexcept {
      Trial taken(std::move(o));  // the one that was here is given back at once
      std::swap(of_, taken.of_);
      std::swap(began_, taken.began_);
      return *this;
    }
    ~Trial() {
      if (of_) [[unlikely]]
        of_->unjudged(began_);
    }
    // How it went has been told.
    void judged() noexcept { of_ = nullptr; }

   private:
    Circuit* of_ = nullptr;
    base::SteadyTime began_{};
  };

  // May an attempt be made? `trial` becomes its own if it is to try; `changed` is set if asking changed the
  // state: for the log.
  bool admit(const CircuitConfig& config, base::SteadyTime now, Trial& trial, bool& changed) noexcept;
  // How an attempt went that began then. True if that changed the state.
  bool succeeded(const CircuitConfig& config, base::SteadyTime began, base::SteadyTime now) noexcept;
  bool failed(const CircuitConfig& config, base::SteadyTime began, base::SteadyTime now) noexcept;
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
  void unjudged(base::SteadyTime began) noexcept;
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
