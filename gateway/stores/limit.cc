// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/limit.h"

#include <algorithm>

namespace sluice::stores {
namespace {

__extension__ typedef unsigned __int128 Wide;  // what ISO C++ has no name for

// By how much a worker's clock may be behind another's, at most: it stands still while a worker handles what
// has come.
constexpr Instant kLate = 1'000'000'000;

// The latest instant at which a bucket can be full again: it is used up, and as much is owed as it holds.
Instant latest_full(const Limit& limit, Instant now) noexcept {
  return now + 2 * limit.burst * limit.interval() + limit.ahead;
}

Charged charge_bucket(const Limit& limit, std::uint64_t state, Instant now, std::uint64_t cost) noexcept {
  const std::uint64_t interval = limit.interval(), depth = limit.burst * interval;
  const Instant latest = latest_full(limit, now);
  // Not what another worker has just left there, whose clock is ahead: time that is taken off it passes twice.
  const std::uint64_t known = state > latest + kLate ? latest : state, was = std::max(known, now);
  const std::uint64_t full_at = was + cost * interval;
  const std::uint64_t used = full_at - now;
  Charged out;
  if (used > depth + limit.ahead) {
    out.state = known;
    out.wait = used - depth - limit.ahead;
    out.until_reset = was - now;
    out.remaining = out.until_reset < depth ? (depth - out.until_reset) / interval : 0;
    return out;
  }
  out.state = full_at;
  out.allowed = true;
  out.until_reset = used;
  if (used > depth) {
    out.wait = used - depth;
  } else {
    out.remaining = (depth - used) / interval;
  }
  return out;
}

// The word of a sliding window.
struct Window {
  static constexpr unsigned kCountBits = 22, kNumberBits = 64 - 2 * kCountBits;
  static constexpr std::uint64_t kNumbers = std::uint64_t{1} << kNumberBits;

  std::uint64_t number = 0, before = 0, now = 0;

  static Window of(std::uint64_t state) noexcept {
    return {state >> 2 * kCountBits, state >> kCountBits & kMostInWindow, state & kMostInWindow};
  }
  std::uint64_t word() const noexcept { return number << 2 * kCountBits | before << kCountBits | now; }
};

// The window that is current at `now`, and how much of it has passed. Workers read the clock at different
// moments: one that is late counts in the window that another has begun.
struct Present {
  Window window;
  std::uint64_t passed = 0;
};
Present present(std::uint64_t state, std::uint64_t period, Instant now) noexcept {
  Present out{Window::of(state), now % period};
  const std::uint64_t number = now / period % Window::kNumbers;
  const std::uint64_t gone = (number - out.window.number) % Window::kNumbers;
  if (state == 0 || (gone > 1 && gone < Window::kNumbers - 1)) {
    out.window = {number, 0, 0};
  } else if (gone == 1) {
    out.window = {number, out.window.now, 0};
  } else if (gone != 0) {
    out.passed = 0;
  }
  return out;
}

// Of what the window before counted, what still weighs, rounded up.
std::uint64_t weight(std::uint64_t before, std::uint64_t period, std::uint64_t passed) noexcept {
  return static_cast<std::uint64_t>((Wide{before} * (period - passed) + period - 1) / period);
}

// How far into a window `before` must have faded to `room`.
std::uint64_t faded(std::uint64_t before, std::uint64_t room, std::uint64_t period) noexcept {
  if (before <= room) return 0;
  return period - static_cast<std::uint64_t>(Wide{room} * period / before);
}

// The most that a window can have counted: all of it, and as much is owed.
std::uint64_t fullest(const Limit& limit) noexcept { return std::min(2 * limit.count, kMostInWindow); }

Present present(const Limit& limit, std::uint64_t state, Instant now) noexcept {
  Present out = present(state, limit.period, now);
  out.window.before = std::min(out.window.before, fullest(limit));
  out.window.now = std::min(out.window.now, fullest(limit));
  return out;
}

Charged charge_window(const Limit& limit, std::uint64_t state, Instant now, std::uint64_t cost) noexcept {
  auto [window, passed] = present(limit, state, now);
  const std::uint64_t used = window.now + weight(window.before, limit.period, passed);
  Charged out;
  out.allowed = used + cost <= limit.count;
  if (out.allowed) {
    window.now += cost;
    out.state = window.word();
    out.remaining = limit.count - used - cost;
  } else {
    out.state = state;
    out.remaining = used < limit.count ? limit.count - used : 0;
    if (window.now + cost <= limit.count) {
      out.wait = faded(window.before, limit.count - window.now - cost, limit.period) - passed;
    } else {
      out.wait = limit.period - passed + faded(window.now, limit.count - cost, limit.period);
    }
  }
  if (window.now || window.before) out.until_reset = limit.period - passed + (window.now ? limit.period : 0);
  return out;
}

}  // namespace

Charged charge(const Limit& limit, std::uint64_t state, Instant now, std::uint64_t cost) noexcept {
  return limit.algorithm == Algorithm::token_bucket ? charge_bucket(limit, state, now, cost)
                                                    : charge_window(limit, state, now, cost);
}

Charged charge_anyway(const Limit& limit, std::uint64_t state, Instant now, std::uint64_t cost) noexcept {
  Charged out = charge(limit, state, now, cost);
  if (out.allowed) return out;
  out.allowed = true;
  out.remaining = 0;
  if (limit.algorithm == Algorithm::token_bucket) {
    const Instant more = std::max(out.state, now) + cost * limit.interval();
    out.state = std::max(out.state, std::min(more, latest_full(limit, now)));
    out.until_reset = out.state - now;
  } else {
    auto [window, passed] = present(limit, state, now);
    window.now = std::min(window.now + cost, fullest(limit));
    out.state = window.word();
    out.until_reset = 2 * limit.period - passed;
  }
  return out;
}

std::uint64_t refund(const Limit& limit, std::uint64_t state, Instant at, Instant now,
                     std::uint64_t cost) noexcept {
  if (limit.algorithm == Algorithm::token_bucket) {
    // No charge takes a bucket further than that.
    const Instant latest = at + limit.burst * limit.interval() + limit.ahead;
    const std::uint64_t left = latest > now ? latest - now : 0;
    return state - std::min({state, cost * limit.interval(), left});
  }
  Window window = Window::of(state);
  const std::uint64_t number = at / limit.period;
  // Where none has ended since by this worker's clock it stands in the one that was current, or before it.
  const std::uint64_t since = number == now / limit.period ? 0 : (window.number - number) % Window::kNumbers;
  const std::uint64_t taken = since == 0 ? std::min(window.now, cost) : 0;
  window.now -= taken;
  if (since <= 1) window.before -= std::min(window.before, cost - taken);
  return window.word();
}

bool expired(Algorithm algorithm, std::uint64_t period, std::uint64_t state, Instant now) noexcept {
  if (state == 0 || algorithm == Algorithm::token_bucket) return state <= now;
  Window window = present(state, period, now).window;
  return window.now == 0 && window.before == 0;
}

Instant expiry(Algorithm algorithm, std::uint64_t period, std::uint64_t state, Instant now) noexcept {
  if (algorithm == Algorithm::token_bucket) return state;
  auto [window, passed] = present(state, period, now);
  if (window.now == 0 && window.before == 0) return 0;
  return now - passed + period * (window.now ? 2 : 1);
}

}  // namespace sluice::stores
