// SPDX-License-Identifier: Apache-2.0
// MatchConfig: the `match:` of a route as written. Patterns are parsed while the configuration is bound, so
// that a fault is shown at its character; what was read is handed on by match(). Used by the server's route
// configuration.
#pragma once
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/routing/condition_config.h"
#include "gateway/routing/match.h"

namespace sluice::routing {

// As HostText: what was written counts.
struct PathText {
  std::string text;
  PathPattern pattern;
  bool operator==(const PathText& other) const { return text == other.text; }
};
void describe(config::Text<PathText>& t);

// An RE2 expression over the whole path.
struct RegexText {
  std::string text;
  PathPattern pattern;
  bool operator==(const RegexText& other) const { return text == other.text; }
};
void describe(config::Text<RegexText>& t);

struct MethodText {
  std::string text;
  bool operator==(const MethodText&) const = default;
};
void describe(config::Text<MethodText>& t);

// `/orders/**`, `{pattern: /orders/**}` or `{regex: "/orders/[0-9]+"}`.
struct PathConfig {
  std::optional<PathText> pattern;
  std::optional<RegexText> regex;
  bool operator==(const PathConfig&) const = default;
};
void describe(config::Description<PathConfig>& d);

struct MatchConfig : ConditionsConfig {
  std::vector<HostText> host;
  std::vector<PathConfig> path;
  std::vector<MethodText> method;
  bool operator==(const MatchConfig&) const = default;

  Match match() const;
};
void describe(config::Description<MatchConfig>& d);

}  // namespace sluice::routing
