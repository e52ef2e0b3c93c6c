// SPDX-License-Identifier: Apache-2.0
// Gate: lets so many requests of an upstream be under way at a time, all workers together, and keeps others
// waiting for a while. One for each upstream, across reloads. Where nobody waits entering and leaving are an
// atomic operation each. Each worker has a list of its own of those that wait there; a place that becomes
// free goes to one of them, and only now and then to another worker's, through the inbox of its loop.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/base/task.h"
#include "gateway/net/loop.h"

namespace sluice::upstream {

class Gate : public std::enable_shared_from_this<Gate> {
 public:
  struct Rules {
    std::uint32_t at_most = 0;  // inside
    std::uint32_t waiting = 0;  // zero: nobody waits
    base::Duration patience{};
    // For whom there is no place.
    base::Reason refusal = base::Reason::upstream_limit;
    std::string_view full = " has as many requests as limits.max_requests allows";
  };

  // A place inside, while it lives; or none. Must be given up on the thread of its worker.
  class Place {
   public:
    Place() = default;
    Place(Gate& gate, unsigned worker) noexcept : gate_(&gate), worker_(worker) {}
    Place(Place&& o) noexcept : gate_(std::exchange(o.gate_, nullptr)), worker_(o.worker_) {}
    Place& operator=(Place&& o) noexcept {
      std::swap(gate_, o.gate_);
      std::swap(worker_, o.worker_);
      return *this;
    }
    ~Place() {
      if (gate_) gate_->leave(worker_);
    }
    explicit operator bool() const noexcept { return gate_ != nullptr; }

   private:
    Gate* gate_ = nullptr;
    unsigned worker_ = 0;
  };

  Gate();
  Gate(const Gate&) = delete;
  ~Gate();
  // Before anybody waits, once; further calls do nothing. The loops must outlive the gate. Control thread.
  void serve(const std::vector<net::Loop*>& workers);

  // A place if there is one at once.
  Place try_enter(unsigned worker, std::uint32_t at_most) noexcept {
    return count_up(at_most) ? Place(*this, worker) : Place();
  }
  // Waits for one. Errors: the refusal of the rules when too many wait already, or after so much patience;
  // and why the scope was cancelled. `name` is the upstream's.
  base::Task<base::Result<Place>> enter(unsigned worker, Rules rules, const std::string& name);

  // So many may be inside from now on; those who wait get what that adds. That worker's thread.
  void allow(std::uint32_t at_most, unsigned worker) noexcept;
  // The same from the control thread; takes effect soon, where anybody waits.
  static constexpr std::uint32_t kNoLimit = ~std::uint32_t{0};
  void now_allows(std::uint32_t at_most);

  std::uint32_t inside() const noexcept { return inside_.load(std::memory_order_relaxed); }
  std::uint32_t waiting() const noexcept { return waiting_.load(std::memory_order_relaxed); }

 private:
  struct Waiter;
  struct Line;
  bool count_up(std::uint32_t at_most) noexcept;
  void leave(unsigned worker) noexcept;
  bool give_away(unsigned worker) noexcept;
  bool give_within(Line& line) noexcept;
  void arrived(unsigned worker) noexcept;

  // Both in one order for all threads: who leaves and sees nobody waiting, and who waits and sees no room,
  // cannot both be wrong.
  alignas(64) std::atomic<std::uint32_t> inside_{0};
  std::atomic<std::uint32_t> waiting_{0};
  std::atomic<std::uint32_t> at_most_{0};  // as was told last; 0: never, then as the first waiter's rules say
  std::vector<std::unique_ptr<Line>> lines_;  // by worker
};

}  // namespace sluice::upstream
