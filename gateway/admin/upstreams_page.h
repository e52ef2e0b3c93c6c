// SPDX-License-Identifier: Apache-2.0
// The page /upstreams: each target that requests may be sent to, whether it is, and why not. From what the
// server layer reports to JSON.
#pragma once
#include <cstdint>
#include <deque>
#include <optional>
#include <string>
#include <vector>

#include "gateway/upstream/ejection.h"
#include "gateway/upstream/health.h"
#include "gateway/upstream/protection.h"
#include "gateway/upstream/target_changes.h"

namespace sluice::admin {

struct TargetReport {
  std::string target;   // "orders-1:8080"
  bool usable = false;  // gets requests
  std::string why_not;  // of one that does not
  std::string check;    // "http", "tcp", "grpc"; "" for one that is not checked
  upstream::Health health;
  bool drained = false;      // by an operator
  std::uint32_t weight = 1;  // that counts
  std::uint32_t weight_written = 1;
  std::uint32_t active = 0;       // requests in flight
  std::uint32_t connections = 0;  // open, all workers together
  upstream::Ejection ejection{};
  bool draining = false;                         // is to go: gets no requests any more, has some
  std::deque<upstream::TargetChange> changes{};  // oldest first
};

struct UpstreamReport {
  std::string name;
  std::vector<TargetReport> targets;
  std::optional<upstream::Protection::Concurrency> concurrency{};  // if its limit is found out
  std::optional<upstream::Circuit::State> circuit{};               // if it has a circuit breaker
  std::optional<std::uint32_t> waiting{};                          // requests, if it has a queue
};

std::string target_json(const TargetReport& target);
std::string upstreams_page(const std::vector<UpstreamReport>& upstreams);

}  // namespace sluice::admin
