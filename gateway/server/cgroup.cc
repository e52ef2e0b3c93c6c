// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/cgroup.h"

#include <filesystem>
#include <fstream>
#include <optional>

namespace sluice::server {
namespace {

// The group of the process in that hierarchy: "" names that of version 2. Lines of /proc/self/cgroup are
// `number:controllers:path`.
std::optional<std::string> group_of(const std::string& proc, std::string_view controller) {
  std::ifstream file(proc + "/self/cgroup");
  for (std::string line; std::getline(file, line);) {
    auto first = line.find(':'), second = line.find(':', first + 1);
    if (first == std::string::npos || second == std::string::npos) continue;
    std::string controllers = "," + line.substr(first + 1, second - first - 1) + ",";
    if (controllers == ",," ? controller.empty()
                            : !controller.empty() &&
                                  controllers.find("," + std::string(controller) + ",") != std::string::npos)
      return line.substr(second + 1);
  }
  return std::nullopt;
}

// In a container the path may be that outside, where `root` is the group itself.
std::vector<std::string> upwards(const std::string& root, std::string group) {
  std::vector<std::string> out;
  for (; group.size() > 1 && group.front() == '/'; group.resize(group.rfind('/')))
    if (std::error_code error; std::filesystem::is_directory(root + group, error))
      out.push_back(root + group);
  out.push_back(root);
  return out;
}

}  // namespace

ControlGroup control_group(const std::string& proc, const std::string& cgroups, std::string_view controller) {
  ControlGroup out;
  auto group = group_of(proc, controller);
  out.v1 = group.has_value();
  if (!group) group = group_of(proc, "");
  if (group) out.folders = upwards(out.v1 ? cgroups + "/" + std::string(controller) : cgroups, *group);
  return out;
}

}  // namespace sluice::server
