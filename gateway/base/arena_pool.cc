// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/arena_pool.h"

#include <vector>

namespace sluice::base {
namespace {

constexpr std::size_t kKeep = 1024;  // arenas; each keeps one block of 4 KiB

std::vector<std::unique_ptr<Arena>>& free_arenas() {
  static thread_local std::vector<std::unique_ptr<Arena>> list;
  return list;
}

}  // namespace

ArenaLease::ArenaLease() {
  auto& list = free_arenas();
  if (list.empty()) {
    arena_ = std::make_unique<Arena>();
    return;
  }
  arena_ = std::move(list.back());
  list.pop_back();
}

ArenaLease::~ArenaLease() {
  auto& list = free_arenas();
  if (!arena_ || list.size() >= kKeep) return;
  arena_->reset();
  list.push_back(std::move(arena_));
}

void ArenaLease::trim(std::size_t keep) noexcept {
  auto& list = free_arenas();
  if (list.size() <= keep) return;
  list.resize(keep);
  list.shrink_to_fit();
}

}  // namespace sluice::base
