// SPDX-License-Identifier: Apache-2.0
// The pages /workers and /listeners: what the process is made of, and how it feels. From what the server
// layer reports to JSON.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/base/clock.h"

namespace sluice::admin {

struct WorkerReport {
  unsigned worker = 0;
  bool silent =
      false;        // did not answer in time: blocked, or very busy; of what follows only `busy` counts then
  double busy = 0;  // share of the last second or so, 0 to 1
  base::Duration lag{};         // of its last tick
  base::Duration worst_lag{};   // since the start
  std::size_t connections = 0;  // of clients
  std::size_t exchanges = 0;    // in flight
};
std::string workers_page(const std::vector<WorkerReport>& workers);

struct ListenerReport {
  std::string name;
  std::string bind;        // as written
  std::uint16_t port = 0;  // bound; 0 for a Unix socket
  bool tls = false;
  std::vector<std::string> protocols;
  std::size_t connections = 0;  // open now
  bool complete = true;         // false: some worker did not answer in time, its connections are not counted
};
std::string listeners_page(const std::vector<ListenerReport>& listeners);

}  // namespace sluice::admin
