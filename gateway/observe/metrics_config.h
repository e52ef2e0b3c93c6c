// SPDX-License-Identifier: Apache-2.0
// MetricsConfig: the operator's settings of the metrics, as written under `metrics`. Read once, when the
// gateway starts: series cannot change their labels while they are counted.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/observe/series.h"

namespace sluice::observe {

enum class Codes : unsigned char { by_class, full };

struct FamilyConfig {
  bool enabled = true;
  Codes codes = Codes::by_class;
  std::vector<std::string> drop;
  config::ByName<std::string> rename;  // label as in the reference -> as exposed

  bool operator==(const FamilyConfig&) const = default;
};

struct MetricsConfig {
  std::uint32_t series_budget = 10'000;
  std::uint32_t top_consumers = 0;
  config::ByName<FamilyConfig> families;  // by the full name of the metric

  bool operator==(const MetricsConfig&) const = default;
  MetricsOptions options(unsigned workers) const;
};

void describe(config::Enumeration<Codes>& e);
void describe(config::Description<FamilyConfig>& d);
void describe(config::Description<MetricsConfig>& d);

}  // namespace sluice::observe
