// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/memory_files.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string_view>

namespace sluice::server {
namespace {

// What version 1 calls no limit is near 2^63, rounded to pages.
constexpr std::uint64_t kNoLimit = std::uint64_t{1} << 60;

std::optional<std::uint64_t> number(const std::string& path) {
  std::uint64_t n = 0;
  std::ifstream file(path);
  return file >> n ? std::optional(n) : std::nullopt;  // "max" is no number
}

// Of lines `key number`.
std::optional<std::uint64_t> value(const std::string& path, std::string_view key) {
  std::ifstream file(path);
  std::string word;
  for (std::uint64_t n = 0; file >> word >> n;)
    if (word == key) return n;
  return std::nullopt;
}

// The cgroup of the process in that hierarchy: "" names that of version 2. Lines of /proc/self/cgroup are
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

// The folder of the group and of those above it, up to `root`. In a container the path may be that outside,
// where `root` is the group itself.
std::vector<std::string> upwards(const std::string& root, std::string group) {
  std::vector<std::string> out;
  for (; group.size() > 1; group.resize(group.rfind('/')))
    if (std::error_code error; std::filesystem::is_directory(root + group, error))
      out.push_back(root + group);
  out.push_back(root);
  return out;
}

}  // namespace

MemoryFiles::MemoryFiles(std::string proc, std::string cgroups) : proc_(std::move(proc)) {
  std::error_code error;
  v1_ = std::filesystem::is_directory(cgroups + "/memory", error);
  if (auto group = group_of(proc_, v1_ ? "memory" : ""))
    groups_ = upwards(v1_ ? cgroups + "/memory" : cgroups, *group);
}

std::optional<std::uint64_t> MemoryFiles::limit() const {
  std::optional<std::uint64_t> least;
  for (const auto& group : groups_) {
    auto limit = number(group + (v1_ ? "/memory.limit_in_bytes" : "/memory.max"));
    if (limit && *limit < kNoLimit) least = std::min(least.value_or(*limit), *limit);
  }
  return least;
}

std::optional<std::uint64_t> MemoryFiles::resident() const {
  std::uint64_t all = 0, resident = 0;
  std::ifstream file(proc_ + "/self/statm");
  if (!(file >> all >> resident)) return std::nullopt;
  return resident * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE));
}

std::uint64_t MemoryFiles::sockets() const {
  if (groups_.empty()) return 0;
  const auto& own = groups_.front();
  return (v1_ ? number(own + "/memory.kmem.tcp.usage_in_bytes") : value(own + "/memory.stat", "sock"))
      .value_or(0);
}

}  // namespace sluice::server
