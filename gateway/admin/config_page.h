// SPDX-License-Identifier: Apache-2.0
// The page /config: the configuration in force with every default, and where each value that was written
// stands. Secrets are ***. From what the server layer reports to JSON.
#pragma once
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"

namespace sluice::admin {

struct ConfigReport {
  std::string hash;
  std::string source;                                        // the file that was named
  std::vector<std::string> files;                            // that were read
  base::WallTime loaded{};                                   // when it was put in force
  std::string config;                                        // JSON; secrets are *** already
  std::vector<std::pair<std::string, std::string>> origins;  // path of a value, and its place
  std::string yaml;                                          // its long form
  // Settings of which the file says otherwise than what is in force, as they change with a restart only.
  std::vector<std::string> wait_for_restart;
};

std::string config_page(const ConfigReport& report);

}  // namespace sluice::admin
