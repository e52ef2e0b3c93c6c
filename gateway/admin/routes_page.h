// SPDX-License-Identifier: Apache-2.0
// The page /routes: what each route takes, which filters its requests pass and what answers them, with the
// place in the configuration that says so. From what the server layer reports to JSON.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/clock.h"

namespace sluice::admin {

// A value in force and where it was written: "gateway.yaml:3:5", or "default".
struct TimeoutReport {
  std::string name;        // "first_byte"
  base::Duration value{};  // zero: none
  std::string from;
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
  std::string upstream;  // of a handler that forwards
  std::vector<TimeoutReport> timeouts;
  unsigned attempts = 0;  // at most; 0 if it does not forward
};

std::string routes_page(const std::vector<RouteReport>& routes);

// "1.5s", "30ms"; "none" for zero.
std::string duration_text(base::Duration d);

}  // namespace sluice::admin
