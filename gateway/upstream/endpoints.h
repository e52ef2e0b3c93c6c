// SPDX-License-Identifier: Apache-2.0
// Reads lists of targets that come from outside the configuration: a file of endpoints, or what somebody
// tells the admin server. YAML or JSON, as `targets` is written: a list, or a mapping whose only key is
// `targets`.
#pragma once
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/upstream/config.h"

namespace sluice::upstream {

struct EndpointsConfig {
  std::vector<TargetConfig> targets;
  bool operator==(const EndpointsConfig&) const = default;
};
void describe(config::Description<EndpointsConfig>& d);

// The targets, perhaps none; an Error (Reason::internal) with line, column and cause for people otherwise. No
// environment variables or other files are read. `allow_tls`: may there be https:// URLs?
base::Result<std::vector<TargetConfig>> parse_endpoints(std::string text, bool allow_tls);

}  // namespace sluice::upstream
