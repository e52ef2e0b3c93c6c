// SPDX-License-Identifier: Apache-2.0
// The page /upstreams: each target that requests may be sent to, whether it is, and why not. From what the
// server layer reports to JSON, or to text for people, which is what `sluice upstreams` prints.
#pragma once
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/upstream/ejection.h"
#include "gateway/upstream/health.h"
#include "gateway/upstream/pool_count.h"
#include "gateway/upstream/protection.h"
#include "gateway/upstream/target_changes.h"
#include "gateway/upstream/target_labels.h"

namespace sluice::admin {

struct TargetReport {
  std::string target;  // "orders-1:8080"
  upstream::ServiceState state = upstream::ServiceState::unhealthy;
  std::string why_not;  // of one that is not healthy
  std::string check;    // "http", "tcp", "grpc"; "" for one that is not checked
  upstream::Health health;
  bool drained = false;      // by an operator
  std::uint32_t weight = 1;  // that counts
  std::uint32_t weight_written = 1;
  std::uint32_t active = 0;       // requests in flight
  std::uint32_t connections = 0;  // open, all workers together
  upstream::Ejection ejection{};
  std::deque<upstream::TargetChange> changes{};            // oldest first
  std::shared_ptr<const upstream::TargetLabels> labels{};  // null: nothing is written
  upstream::PoolCount pools{};                             // of the workers that answered
  std::string disagreement{};                              // of its checks and requests; "" for none
};

// Who has told the targets.
enum class TargetsFrom : unsigned char { configuration, endpoints_file, admin };

struct UpstreamReport {
  std::string name;
  std::vector<TargetReport> targets;
  std::optional<upstream::Protection::Concurrency> concurrency{};  // if its limit is found out
  std::optional<upstream::Circuit::State> circuit{};               // if it has a circuit breaker
  std::optional<std::uint32_t> waiting{};                          // requests, if it has a queue
  TargetsFrom from = TargetsFrom::configuration;
  bool persisted = false;         // what the admin server was told stays over a restart
  bool others_persisted = false;  // an earlier list does, that is not in use now
};

struct UpstreamsReport {
  std::vector<UpstreamReport> upstreams;
  std::size_t silent = 0;  // workers that did not answer in time: their connections are not counted
};

// ?upstream=orders&as=text&why=true
struct UpstreamsAsked {
  std::string upstream{};  // "" for all
  bool as_text = false;
  bool why = false;     // of text: what became of each target lately, in place of the table
  std::string fault{};  // "" if all is well; for people
};
// `query` with its question mark.
UpstreamsAsked upstreams_asked(std::string_view query);
// Leaves that upstream alone in the report. "" if there is one of that name or none was asked for, else why
// not, for people.
std::string keep_asked(const UpstreamsAsked& asked, UpstreamsReport& report);

std::string upstreams_table(const UpstreamsReport& report);
std::string upstreams_story(const UpstreamsReport& report);
std::string target_json(const TargetReport& target);
std::string upstreams_page(const std::vector<UpstreamReport>& upstreams, std::size_t silent = 0);

}  // namespace sluice::admin
