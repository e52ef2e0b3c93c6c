// SPDX-License-Identifier: Apache-2.0
// Confinement: what an included file may hold that was confined to hosts and paths: routes that lie within
// them, and what only those who name it can use. So teams may own files without being able to take each
// other's requests, or to change what concerns all.
#pragma once
#include <span>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/routing/match_config.h"

namespace sluice::server {

struct ConfineConfig {
  std::vector<routing::HostText> host;
  std::vector<routing::PathText> path;
  bool operator==(const ConfineConfig&) const = default;
};
void describe(config::Description<ConfineConfig>& d);

// Read while files are loaded; this is its description.
struct IncludeConfig {
  std::vector<std::string> files;
  std::optional<ConfineConfig> confine;
  bool operator==(const IncludeConfig&) const = default;
};
void describe(config::Description<IncludeConfig>& d);

// Complains about everything that lies outside. `routes` are those of the document, in its order.
void check_confinements(const config::Document& document, std::span<const routing::RouteMatches> routes,
                        config::Diagnostics& diagnostics);

}  // namespace sluice::server
