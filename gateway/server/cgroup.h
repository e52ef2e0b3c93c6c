// SPDX-License-Identifier: Apache-2.0
// The control group of this process in the file system: where limits of CPU and memory are written. A limit
// holds for all that is below it, so each of the folders may have one, and the least counts. Version 2 of
// cgroups and version 1. Any thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

namespace sluice::server {

struct ControlGroup {
  std::vector<std::string> folders;  // the process's own first, then those above it; empty: nothing is told
  bool v1 = false;
};

// As the controller ("cpu", "memory") sees it; `proc` and `cgroups` are where they are mounted.
ControlGroup control_group(const std::string& proc, const std::string& cgroups, std::string_view controller);

}  // namespace sluice::server
