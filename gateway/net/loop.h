// SPDX-License-Identifier: Apache-2.0
// Loop: the event loop of one worker: epoll, a timer wheel, a buffer pool and an inbox. Everything that hangs
// on a loop is used by its thread alone; other threads reach it through post() and stop(). An own loop
// instead of Asio's because one edge-triggered registration per connection saves a system call or two per
// request, and because a readiness event can resume a coroutine without a queue in between.
#pragma once
#include <sys/epoll.h>

#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/net/buffers.h"
#include "gateway/net/pressure.h"
#include "gateway/net/quota.h"
#include "gateway/net/wheel.h"

namespace sluice::net {

// Something with a descriptor that the loop watches.
class Source {
 public:
  virtual void on_events(std::uint32_t events) noexcept = 0;

 protected:
  ~Source() = default;
};

class Loop {
 public:
  // `clock` must outlive the loop. Throws std::system_error when the system gives no epoll or event
  // descriptor.
  explicit Loop(const base::Clock& clock);
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;
  ~Loop();

  // Serves events until stop(). From the worker's thread.
  void run();
  // One round: waits for events no longer than `at_most`, serves them. For tests and for draining.
  void run_once(base::Duration at_most);
  // Ends run() after the present round. Any thread.
  void stop() noexcept;
  // Runs `fn` on the loop's thread soon. Any thread. What has not run when the loop is destroyed is destroyed
  // with it, unrun: an object that is sent here to be destroyed must be owned by `fn`.
  void post(std::function<void()> fn);

  // Registers `fd` once with these EPOLL* events. False with errno set when the system refuses.
  bool add(int fd, std::uint32_t events, Source& source) noexcept;
  // A registered descriptor has another source from now on, which is told at once what is the case now.
  bool move(int fd, std::uint32_t events, Source& source) noexcept;
  // Forgets the source: no event that was already fetched reaches it. The descriptor is closed by its owner.
  void remove(int fd, Source& source) noexcept;
  // The same for a descriptor of what others have open too, as listening sockets of a supervisor are: closing
  // it would not end its events.
  void remove_shared(int fd, Source& source) noexcept;

  // Something to be done once, in the next round; see turn.h. Leaves the loop when destroyed.
  class Guest : public base::ListNode {
   public:
    virtual void round() noexcept = 0;

   protected:
    ~Guest() = default;
  };
  void next_round(Guest& guest) noexcept { guests_.push_back(guest); }

  // Time at the start of the present round.
  base::SteadyTime now() const noexcept { return now_; }
  const base::Clock& clock() const noexcept { return *clock_; }
  Wheel& wheel() noexcept { return wheel_; }
  // For timers that must be more precise than a tenth of a second: each wakes the loop for itself. Made when
  // it is first asked for.
  FineWheel& fine_wheel() {
    if (!fine_) make_fine_wheel();
    return *fine_;
  }
  BufferPool& buffers() noexcept { return buffers_; }
  Quota& quota() noexcept { return quota_; }
  Pressure& pressure() noexcept { return pressure_; }

  // For metrics, read by other threads: nanoseconds spent working and waiting since the start.
  std::uint64_t busy_nanoseconds() const noexcept { return busy_.load(std::memory_order_relaxed); }
  std::uint64_t idle_nanoseconds() const noexcept { return idle_.load(std::memory_order_relaxed); }

 private:
  static constexpr int kBatch = 256;
  void serve_inbox();
  void serve_guests();
  void make_fine_wheel();
  int timeout(base::Duration at_most) noexcept;

  const base::Clock* clock_;
  base::SteadyTime now_;
  int epoll_ = -1;
  int wakeup_ = -1;
  Wheel wheel_;
  std::unique_ptr<FineWheel> fine_;
  BufferPool buffers_;
  Pressure pressure_;
  base::List<Guest> guests_;
  Quota quota_{*this};
  epoll_event events_[kBatch];
  int fetched_ = 0;
  int served_ = 0;
  std::atomic<bool> stop_{false};
  std::atomic<std::uint64_t> busy_{0}, idle_{0};
  std::mutex inbox_mutex_;
  std::vector<std::function<void()>> inbox_;
};

}  // namespace sluice::net
