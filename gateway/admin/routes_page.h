// SPDX-License-Identifier: Apache-2.0
// The page /routes: what each route takes, which filters its requests pass and what answers them, with the
// place in the configuration that says so. From what the server layer reports to JSON.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::config {
class JsonWriter;
}

namespace sluice::admin {

// A value in force and where it was written: "gateway.yaml:3:5", or "default".
struct TimeoutReport {
  std::string name;        // "first_byte"
  base::Duration value{};  // zero: none
  std::string from;
};

// One of the upstreams that a route's requests may go to.
struct ForwardReport {
  std::string upstream;
  unsigned attempts = 0;  // at most
  upstream::Timeouts in_force;
  std::vector<TimeoutReport> timeouts;  // the same, with their places
};

struct RouteReport {
  struct Filter {
    std::string name;    // "rate_limit"
    std::string policy;  // its name; "" for one written in place
    std::string from;
    std::string listener = {};  // whose requests alone pass it; "" for all
  };
  std::string name;
  std::string from;                // "gateway.yaml:7:5"
  std::vector<std::string> match;  // JSON of each
  std::vector<Filter> filters;
  std::string handler;  // "to"
  std::string handler_from;
  std::vector<ForwardReport> forwards;  // of a handler that forwards, or chooses who does
};

std::string routes_page(const std::vector<RouteReport>& routes);
// An object of them, by name.
void put_timeouts(config::JsonWriter& w, const std::vector<TimeoutReport>& timeouts);

// "1.5s", "30ms"; "none" for zero.
std::string duration_text(base::Duration d);

}  // namespace sluice::admin
