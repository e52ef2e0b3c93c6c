// SPDX-License-Identifier: Apache-2.0
// Metrics: by how much did a metric of a Gateway grow since?
//
//   Metrics before(gw);
//   gw.get("/u");
//   EXPECT_EQ(before.growth("sluice_requests_total", {{"route", "u"}, {"code_class", "2xx"}}), 1);
#pragma once
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "tests/support/gateway.h"

namespace sluice::test {

using Labels = std::vector<std::pair<std::string, std::string>>;

// The sum of the series of that name that have all of these labels; a label with the value "" must be absent.
double sum(std::string_view exposition, std::string_view name, const Labels& labels = {});

class Metrics {
 public:
  explicit Metrics(Gateway& gateway) : gateway_(&gateway), before_(gateway.metrics()) {}

  // What clients have the whole answer of counts.
  double growth(std::string_view name, const Labels& labels = {}) const;
  // For what the gateway does in its own time (noticing that a peer left): waits until the growth is
  // `wanted`. Where there is a log line to wait for, wait for that. False if it never is.
  bool grows_by(double wanted, std::string_view name, const Labels& labels = {}) const;
  // The same for the value itself: of gauges.
  bool becomes(double wanted, std::string_view name, const Labels& labels = {}) const;

 private:
  Gateway* gateway_;
  std::string before_;
};

}  // namespace sluice::test
