// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/latency.h"

#include <algorithm>
#include <bit>
#include <cmath>

namespace sluice::upstream {
namespace {

using Milliseconds = std::chrono::duration<std::uint64_t, std::milli>;

constexpr std::uint32_t milliseconds(base::SteadyTime t) noexcept {
  return static_cast<std::uint32_t>(std::chrono::duration_cast<Milliseconds>(t.time_since_epoch()).count());
}

std::uint64_t pack(float value, std::uint32_t when) noexcept {
  return std::uint64_t{std::bit_cast<std::uint32_t>(value)} << 32 | when;
}
float value_in(std::uint64_t word) noexcept {
  return std::bit_cast<float>(static_cast<std::uint32_t>(word >> 32));
}

// What is left of a weight of one. The clock of another worker may be a round ahead, and 32 bits of
// milliseconds begin anew after 49 days.
float kept(std::uint64_t word, std::uint32_t now) noexcept {
  auto passed = static_cast<std::int32_t>(now - static_cast<std::uint32_t>(word));
  constexpr auto kPerDecay =
      static_cast<float>(std::chrono::duration_cast<Milliseconds>(Latency::kDecay).count());
  return passed <= 0 ? 1.0F : std::exp(-static_cast<float>(passed) / kPerDecay);
}

}  // namespace

void Latency::observe(base::Duration took, base::SteadyTime now) noexcept {
  constexpr float kPerMicrosecond = 1000.0F;
  // Never zero, which stands for nothing.
  float sample = std::max(static_cast<float>(took.count()) / kPerMicrosecond, 1.0F);
  auto when = milliseconds(now);
  auto word = word_.load(std::memory_order_relaxed);
  std::uint64_t next = 0;
  do {
    float before = value_in(word);
    float weight = kept(word, when);
    next = pack(sample > before ? sample : before * weight + sample * (1.0F - weight), when);
  } while (!word_.compare_exchange_weak(word, next, std::memory_order_relaxed));
}

float Latency::at(base::SteadyTime now) const noexcept {
  auto word = word_.load(std::memory_order_relaxed);
  return word == 0 ? -1.0F : value_in(word) * kept(word, milliseconds(now));
}

void learn_latency(Latency& latency, int status, base::Reason failure, base::Duration took,
                   base::SteadyTime now) noexcept {
  using base::Reason;
  if (failure == Reason::none) {
    // What proxies and services say that cannot serve; they often say it quickly.
    bool failed = status == 502 || status == 503 || status == 504;
    latency.observe(failed ? std::max(took, Latency::kFailure) : took, now);
  } else if (failure == Reason::client_closed || failure == Reason::timeout_total ||
             failure == Reason::outrun) {
    float known = latency.at(now);
    if (known >= 0 && took > std::chrono::duration<float, std::micro>(known)) latency.observe(took, now);
  } else if (base::row(failure).where == base::Where::upstream && failure != Reason::stale_connection) {
    latency.observe(std::max(took, Latency::kFailure), now);
  }
}

}  // namespace sluice::upstream
