// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/memory_files.h"

#include <unistd.h>

#include <algorithm>
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

}  // namespace

MemoryFiles::MemoryFiles(std::string proc, const std::string& cgroups)
    : proc_(std::move(proc)), group_(control_group(proc_, cgroups, "memory")) {}

std::optional<std::uint64_t> MemoryFiles::limit() const {
  std::optional<std::uint64_t> least;
  for (const auto& folder : group_.folders) {
    auto limit = number(folder + (group_.v1 ? "/memory.limit_in_bytes" : "/memory.max"));
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
  if (group_.folders.empty()) return 0;
  const auto& own = group_.folders.front();
  return (group_.v1 ? number(own + "/memory.kmem.tcp.usage_in_bytes") : value(own + "/memory.stat", "sock"))
      .value_or(0);
}

}  // namespace sluice::server
