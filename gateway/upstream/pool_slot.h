// SPDX-License-Identifier: Apache-2.0
// PoolSlot: what a worker keeps at a target: the base of its pool. PoolSlots: the pools of an upstream, at
// all its targets and of all workers, for where there may be no more connections: one that nobody uses has to
// go then, wherever it is.
#pragma once
#include <atomic>
#include <cstdint>
#include <mutex>
#include <optional>
#include <span>
#include <vector>

#include "gateway/upstream/pool_count.h"

namespace sluice::upstream {

class PoolSlots;
class Target;

// Made, used and destroyed on its worker's thread.
class PoolSlot {
 public:
  // One that has no connections to give up.
  PoolSlot() = default;
  // That worker's at that target; both, and `all`, must outlive it.
  PoolSlot(PoolSlots& all, const Target& target, unsigned worker);
  PoolSlot(const PoolSlot&) = delete;
  PoolSlot& operator=(const PoolSlot&) = delete;
  virtual ~PoolSlot();
  // The target's version() has changed while there may be no request that would look.
  virtual void look_again() noexcept {}
  virtual PoolCount count() const noexcept { return {}; }
  // Closes the connection that has been unused for longest; false if there is none.
  virtual bool give_up_unused() noexcept { return false; }
  // The target gets no requests for now: what is unused is closed, and so is what comes back, until somebody
  // asks for a connection.
  void leave() noexcept;
  // Connections without a request. Any thread.
  std::uint32_t unused() const noexcept { return unused_.load(std::memory_order_relaxed); }

 protected:
  unsigned worker() const noexcept { return worker_; }
  bool unasked() const noexcept { return unasked_; }
  void asked() noexcept { unasked_ = false; }
  // Nobody else writes: no more than a plain addition.
  void set_unused(std::uint32_t count) noexcept { unused_.store(count, std::memory_order_relaxed); }

 private:
  friend class PoolSlots;
  PoolSlots* all_ = nullptr;
  const Target* target_ = nullptr;
  unsigned worker_ = 0;
  bool unasked_ = false;
  std::atomic<std::uint32_t> unused_{0};
};

// Any thread, where nothing else is said. Takes a lock: for when a pool is made or there is no room.
class PoolSlots {
 public:
  // Closes an unused connection of that worker, to that target if it is not null; false if there is none. On
  // the worker's thread.
  bool give_up_unused(unsigned worker, const Target* only) noexcept;
  // Is there any to a target that is none of these, which are in order? Any thread.
  bool any_but(std::span<const Target* const> targets) const;
  // Has that worker leave all targets but these, which are in order. On its thread.
  void keep_only(unsigned worker, std::span<const Target* const> targets);
  // Another worker that has one; none: nobody has.
  std::optional<unsigned> other_with_unused(unsigned worker, const Target* only) const noexcept;

 private:
  friend class PoolSlot;
  mutable std::mutex mutex_;
  std::vector<PoolSlot*> all_;
};

}  // namespace sluice::upstream
