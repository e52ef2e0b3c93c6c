// SPDX-License-Identifier: Apache-2.0
// Pool: the open connections of one worker to one target. Unused ones are used again last in, first out, so
// that those not needed age and are closed; each is watched meanwhile, so that a close by the target is seen
// before the next request rather than by it. A connection of HTTP/1.1 serves one exchange at a time, one of
// HTTP/2 as many as its target allows: of those the least loaded one is taken, and another one is made when
// all are full. Made and used on its worker's thread.
#pragma once
#include <list>
#include <memory>
#include <string_view>

#include "gateway/base/job.h"
#include "gateway/base/list.h"
#include "gateway/http/client_connection.h"
#include "gateway/net/signal.h"
#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/target.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::upstream {

// How an exchange came by its connection.
struct Acquired {
  http::ClientStreamPtr stream;
  base::Duration connect{};  // zero for a connection that was there
};

struct Dialled;

// What an exchange asks of its connection.
struct Wanted {
  bool fresh = false;    // one that no exchange has had
  bool upgrade = false;  // one of HTTP/1.1 where the target leaves the choice, as that alone can be upgraded
  // Tells the target for whom a connection is: a new one then, that no other exchange gets. Must outlive the
  // task.
  std::string_view greeting = {};
};

class Pool final : public PoolSlot, private net::Timer {
 public:
  // The pool of `worker` at `target`, made when first needed. Settings are those of the newest caller.
  static Pool& of(Target& target, unsigned worker, net::Loop& loop, const PoolSettings& settings,
                  const std::shared_ptr<observe::UpstreamMetrics>& metrics);
  ~Pool() override;

  // A connection with room, or a new one if there is none or `fresh` asks for it. Where there may be no more,
  // one that nobody uses is closed for it. Errors are those of dial(), and upstream_limit when the target has
  // as many connections as it may and all are in use. The stream lives in the arena.
  base::Task<base::Result<Acquired>> acquire(base::Arena& arena, const Timeouts& timeouts,
                                             const Wanted& wanted);
  // Keeps as many connections open as the settings say, from now on and while the target is usable; tells it
  // also that the target or the settings may have changed. `connect`: the time that each may take.
  void warm(base::Duration connect);
  std::size_t idle() const noexcept { return unused(); }
  void look_again() noexcept override;
  bool give_up_unused() noexcept override;
  PoolCount count() const noexcept override { return count_; }

 private:
  struct Connection;
  class Opening;
  struct Waiter;
  // A connection being made for whoever waits for one.
  struct Dialling {
    base::Job<void> job{nullptr};
  };
  Pool(Target& target, net::Loop& loop, std::shared_ptr<observe::UpstreamMetrics> metrics, unsigned worker);

  bool multiplexes() const noexcept {
    return settings_.protocol == ProtocolChoice::h2 ||
           (settings_.protocol == ProtocolChoice::automatic && chose_h2_);
  }
  base::Result<observe::Protocol> spoken_on(const Dialled& dialled);
  base::Task<base::Result<Acquired>> connect(base::Arena& arena, Timeouts timeouts, Wanted wanted);
  base::Task<base::Result<Acquired>> share(base::Arena& arena, Timeouts timeouts);
  void start_dialling(base::Duration timeout);
  base::Task<void> dial_shared(Opening opening, base::Duration timeout);
  void dialling_failed(const base::Error& why) noexcept;
  bool try_open() noexcept;
  base::Task<base::Result<void>> ask_others(base::Duration patience);
  void tell_waiting(const base::Error* error) noexcept;
  bool leaves() const noexcept { return unasked() || target_->draining(); }
  bool cold() const noexcept;
  base::Task<void> keep_warm();
  base::Task<bool> warm_one();
  std::uint32_t at_most() const noexcept { return settings_.keep.max_connections.value_or(Target::kNoLimit); }
  Acquired open(Connection& connection, base::Arena& arena, const Timeouts& timeouts, base::Duration connect);

  void moved(observe::Protocol protocol, observe::PoolState from, observe::PoolState to) noexcept;
  Connection* take() noexcept;
  Connection* least_loaded() noexcept;
  bool current(Connection& connection) const;
  void drop_outdated();
  void drop_all() noexcept;
  void retire(Connection& connection) noexcept;
  void drop_idle(Connection& connection) noexcept;
  void discard(Connection& connection, observe::PoolState state) noexcept;
  void stream_ended(Connection& connection, bool usable) noexcept;
  void lost(Connection& connection) noexcept;
  void keep(Connection& connection) noexcept;
  void put(Connection& connection) noexcept;
  void expired() noexcept override;

  Target* target_;
  net::Loop* loop_;
  std::shared_ptr<observe::UpstreamMetrics> metrics_;
  observe::UpstreamCells* cells_;
  PoolSettings settings_;
  base::List<Connection> idle_;    // without a stream; the one used last at the back
  base::List<Connection> shared_;  // of HTTP/2, with streams, with room or not
  std::uint32_t version_ = 0;      // of the target, when the connections were compared with it
  bool chose_h2_ = false;          // the target, when it was asked last (ALPN)
  // How many waiters a connection that is being made will serve, to go by the last one. RFC 9113
  // section 6.5.2 recommends to allow at least so many.
  std::size_t expected_room_ = 100;
  base::List<Waiter> waiting_;
  std::size_t waiting_count_ = 0;
  std::list<Dialling> diallings_;  // some may have ended
  std::size_t dialling_count_ = 0;
  std::size_t open_count_ = 0;  // connections that exist
  PoolCount count_;             // the same, and their streams
  base::Duration warm_within_{};
  net::Signal cooler_;  // there may be fewer than are to be kept open
  std::optional<base::Job<void>> warming_;
};

}  // namespace sluice::upstream
