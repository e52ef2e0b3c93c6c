// SPDX-License-Identifier: Apache-2.0
// How long to wait for a target, and how often to try: the settings that `defaults`, an upstream and a route
// may each say a part of. The ...Config structs are what one place says; the plain ones are what is in force
// after merging defaults -> upstream -> route. A timeout of zero means none.
#pragma once
#include <optional>
#include <string_view>
#include <vector>

#include "gateway/base/error.h"
#include "gateway/config/describe.h"
#include "gateway/upstream/health_config.h"

namespace sluice::upstream {

struct TimeoutsConfig {
  std::optional<config::Duration> connect, first_byte, idle, total, tunnel;
  std::optional<config::Duration> attempt{};
  std::optional<bool> propagate{};
  bool operator==(const TimeoutsConfig&) const = default;
};
void describe(config::Description<TimeoutsConfig>& d);

struct Timeouts {
  base::Duration connect = std::chrono::seconds(2);      // to establish a connection
  base::Duration first_byte = std::chrono::seconds(30);  // from the request sent to the response's first byte
  base::Duration idle = std::chrono::seconds(60);        // between any two bytes afterwards
  base::Duration total = std::chrono::seconds(60);       // of the exchange, all attempts included
  base::Duration tunnel = std::chrono::hours(1);         // without a byte once protocols have been switched
  base::Duration attempt{};  // of one attempt: to connect, and from the request sent to the first byte
  bool propagate = false;    // the target is told how much of `total` is left

  // What is left of these for an attempt: to connect, and for the first byte once that took so long.
  base::Duration to_connect() const noexcept;
  base::Duration first_byte_after(base::Duration connecting) const noexcept;
  // Which of these ended an exchange for that reason, by its name in YAML; "" if none did. `tunnelled`: it had
  // become one.
  std::string_view passed(base::Reason reason, base::Duration connecting, bool tunnelled) const noexcept;
  bool operator==(const Timeouts&) const = default;
};
// The shorter of two limits, of which zero is none.
base::Duration shorter(base::Duration a, base::Duration b) noexcept;
// What `over` says, and for the rest what `under` says.
Timeouts merge(Timeouts under, const TimeoutsConfig& over) noexcept;

// Codes of gRPC that may be worth another attempt, with their numbers.
enum class GrpcRetry : unsigned char {
  cancelled = 1,
  deadline_exceeded = 4,
  resource_exhausted = 8,
  aborted = 10,
  internal = 13,
  unavailable = 14
};
void describe(config::Enumeration<GrpcRetry>& e);

// How long to wait before a retry: a random time up to `first`, which doubles with each, up to `most`.
struct BackoffConfig {
  config::Duration first = std::chrono::milliseconds(25);
  config::Duration most = std::chrono::milliseconds(250);
  bool operator==(const BackoffConfig&) const = default;
};
void describe(config::Description<BackoffConfig>& d);

// Retries under way, as a share of the requests under way.
struct BudgetConfig {
  config::Percent share{20};
  std::uint32_t at_least = 3;
  bool operator==(const BudgetConfig&) const = default;
};
void describe(config::Description<BudgetConfig>& d);

// `retry: none`, `retry: safe` or `retry: {attempts: 3}`. Whether a failed attempt may be repeated at all is
// the reason's retry class (base/reasons.def).
struct RetryConfig {
  static constexpr unsigned kMost = 10;  // attempts
  unsigned attempts = 2;                 // the first one included
  std::vector<GrpcRetry> grpc;
  std::vector<StatusRange> on{};  // answers that are failures too
  BackoffConfig backoff{};
  BudgetConfig budget{};
  bool operator==(const RetryConfig&) const = default;
};
void describe(config::Description<RetryConfig>& d);

// `hedge: off`, `hedge: auto`, `hedge: 50ms` or `hedge: {after: 50ms, budget: 5%}`.
struct HedgeConfig {
  bool on = true;
  std::optional<config::Duration> after{};  // unset: found out
  config::Percent budget{5};                // of the requests
  bool operator==(const HedgeConfig&) const = default;
};
void describe(config::Description<HedgeConfig>& d);

// The part of `defaults` that is about upstreams.
struct DefaultsConfig {
  TimeoutsConfig timeouts;
  std::optional<RetryConfig> retry;
  std::optional<HedgeConfig> hedge{};
  bool operator==(const DefaultsConfig&) const = default;
};
void describe(config::Description<DefaultsConfig>& d);
// The same fields of a struct that derives from it.
template <class Defaults>
void describe_fields(config::Description<Defaults>& d) {
  d.field("timeouts", &Defaults::timeouts, "Timeouts.");
  d.field("retry", &Defaults::retry, "Repetition of failed attempts.", config::default_is("safe"));
  d.field("hedge", &Defaults::hedge, "A second attempt beside one that is late.", config::default_is("off"));
}

}  // namespace sluice::upstream
