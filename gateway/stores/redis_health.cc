// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_health.h"

#include <fmt/format.h>

#include <chrono>

#include "gateway/base/log.h"

namespace sluice::stores {
namespace {

constexpr base::Duration kSilence = std::chrono::seconds(10);

}  // namespace

// A server without memory answers some questions and others not: that is not to fill the log.
void RedisHealth::redis_failed(const std::string& why) noexcept {
  if (down_.exchange(true, std::memory_order_relaxed)) return;
  auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  auto last = last_said_.load(std::memory_order_relaxed);
  if (last && now - last < kSilence.count()) return;
  if (!last_said_.compare_exchange_strong(last, now, std::memory_order_relaxed)) return;
  said_.store(true, std::memory_order_relaxed);
  constexpr std::string_view kThen[] = {"each process counts alone until it does",
                                        "limits are not applied until it does",
                                        "requests that are limited are refused until it does"};
  base::log(base::Level::warning, fmt::format("store `{}` ({}) does not answer: {}; {}", store_, server_, why,
                                              kThen[static_cast<std::size_t>(on_error_)]));
}

void RedisHealth::redis_answers() noexcept {
  if (!down_.load(std::memory_order_relaxed) || !down_.exchange(false, std::memory_order_relaxed)) return;
  if (!said_.exchange(false, std::memory_order_relaxed)) return;
  base::log(base::Level::info, fmt::format("store `{}` ({}) answers again", store_, server_));
}

}  // namespace sluice::stores
