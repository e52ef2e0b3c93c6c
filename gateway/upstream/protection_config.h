// SPDX-License-Identifier: Apache-2.0
// What protects an upstream and its callers from each other, as an operator writes it: taking out targets
// that fail (outlier), leaving the upstream alone while it fails (circuit_breaker), bounds of what it gets at
// a time (limits, adaptive_concurrency), and a place to wait at those (queue). Parts of UpstreamConfig;
// carried out by protection.h.
#pragma once
#include <optional>

#include "gateway/config/describe.h"

namespace sluice::upstream {

// `outlier: off`, or what a target is taken out for.
struct OutlierConfig {
  bool on = true;
  std::uint32_t failures = 5;        // in a row; zero: not looked at
  config::Percent failure_rate{50};  // of at least min_requests within the window
  std::uint32_t min_requests = 20;
  config::Duration window = std::chrono::seconds(10);
  config::Duration ejection = std::chrono::seconds(30);  // the first time; n times as long the n-th time
  config::Duration max_ejection = std::chrono::seconds(300);
  config::Percent max_ejected{50};  // of the targets that would be usable
  bool operator==(const OutlierConfig&) const = default;
};
void describe(config::Description<OutlierConfig>& d);

struct CircuitConfig {
  config::Percent failure_rate{50};
  std::uint32_t min_requests = 20;
  config::Duration window = std::chrono::seconds(10);
  config::Duration open = std::chrono::seconds(5);
  config::Percent probes{10};
  bool operator==(const CircuitConfig&) const = default;
};
void describe(config::Description<CircuitConfig>& d);

// Of an upstream as a whole, all workers together.
struct LimitsConfig {
  std::optional<std::uint32_t> max_requests;     // under way
  std::optional<std::uint32_t> max_pending;      // waiting for a connection that is not there yet
  std::optional<std::uint32_t> max_connections;  // open
  bool operator==(const LimitsConfig&) const = default;
};
void describe(config::Description<LimitsConfig>& d);

// `adaptive_concurrency: true`, or the bounds of what is found out.
struct AdaptiveConfig {
  bool on = true;
  std::uint32_t min = 10;
  std::optional<std::uint32_t> max;
  bool operator==(const AdaptiveConfig&) const = default;
};
void describe(config::Description<AdaptiveConfig>& d);

struct QueueConfig {
  std::uint32_t max = 100;
  config::Duration timeout = std::chrono::seconds(1);
  bool operator==(const QueueConfig&) const = default;
};
void describe(config::Description<QueueConfig>& d);

}  // namespace sluice::upstream
