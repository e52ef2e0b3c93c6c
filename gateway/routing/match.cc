// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/match.h"

#include <algorithm>

namespace sluice::routing {

std::vector<std::string> RouteMatches::captures() const {
  std::vector<std::string> common;
  bool first = true;
  for (const Match& match : matches) {
    if (match.paths.empty()) return {};
    for (const PathPattern& path : match.paths) {
      auto names = capture_names(path);
      if (first) common = names;
      first = false;
      std::erase_if(common, [&](const std::string& known) {
        return std::find(names.begin(), names.end(), known) == names.end();
      });
    }
  }
  return common;
}

bool RouteMatches::tells_prefix() const {
  return std::any_of(matches.begin(), matches.end(), [](const Match& m) {
    return m.paths.empty() ||
           std::any_of(m.paths.begin(), m.paths.end(), [](const PathPattern& p) { return !p.regex; });
  });
}

}  // namespace sluice::routing
