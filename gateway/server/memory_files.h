// SPDX-License-Identifier: Apache-2.0
// MemoryFiles: what the system says of this process's memory: how much it has, and how much its cgroup may
// have. Version 2 of cgroups and version 1. Any thread.
#pragma once
#include <cstdint>
#include <optional>
#include <string>

#include "gateway/server/cgroup.h"

namespace sluice::server {

class MemoryFiles {
 public:
  // Where proc and the cgroups are mounted.
  explicit MemoryFiles(std::string proc = "/proc", const std::string& cgroups = "/sys/fs/cgroup");

  // The least limit of the process's cgroup and of those above it; nothing: there is none.
  std::optional<std::uint64_t> limit() const;
  // Resident memory; nothing if proc does not say.
  std::optional<std::uint64_t> resident() const;
  // What the cgroup is charged for buffers of sockets, which are no part of the process's own memory; zero
  // where that is not told.
  std::uint64_t sockets() const;

 private:
  std::string proc_;
  ControlGroup group_;
};

}  // namespace sluice::server
