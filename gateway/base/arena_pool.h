// SPDX-License-Identifier: Apache-2.0
// ArenaLease: an empty arena of this thread's free list, given back when the lease ends. One per exchange.
// The arena stays where it is when its lease is moved.
#pragma once
#include "gateway/base/arena.h"

namespace sluice::base {

class ArenaLease {
 public:
  ArenaLease();
  ArenaLease(ArenaLease&&) noexcept = default;
  ArenaLease& operator=(ArenaLease&& o) noexcept {
    std::swap(arena_, o.arena_);
    return *this;
  }
  ~ArenaLease();

  Arena& operator*() const noexcept { return *arena_; }
  Arena* operator->() const noexcept { return arena_.get(); }

  // Gives this thread's free arenas back to the system but for `keep`.
  static void trim(std::size_t keep) noexcept;

 private:
  std::unique_ptr<Arena> arena_;
};

}  // namespace sluice::base
