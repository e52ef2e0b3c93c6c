// SPDX-License-Identifier: Apache-2.0
// Pool: the open connections of one worker to one target. Idle ones are reused last in, first out, so that
// those not needed age and are closed; each is watched while idle, so that a close by the target is seen
// before the next request rather than by it. Made and used on its worker's thread.
#pragma once
#include <memory>
#include <string_view>

#include "gateway/base/list.h"
#include "gateway/http/client_connection.h"
#include "gateway/observe/upstream_metrics.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/target.h"
#include "gateway/upstream/timeouts.h"

namespace sluice::upstream {

// How an exchange came by its connection.
struct Acquired {
  http::ClientStreamPtr stream;
  base::Duration connect{};  // zero for a reused connection
};

class Pool final : public PoolSlot, private net::Timer {
 public:
  // The pool of `worker` at `target`, made when first needed. Settings are those of the newest caller.
  static Pool& of(Target& target, unsigned worker, net::Loop& loop, const PoolConfig& config,
                  const std::shared_ptr<observe::UpstreamMetrics>& metrics);
  ~Pool() override;

  // An idle connection, or a new one if there is none or `fresh` asks for it. Errors are those of dial(), and
  // overload when the target has as many connections as it may. The stream lives in the arena. With a
  // `greeting`, which tells the target for whom a connection is, it is a new one that no other exchange gets;
  // the greeting must outlive the task.
  base::Task<base::Result<Acquired>> acquire(base::Arena& arena, const Timeouts& timeouts, bool fresh,
                                             std::string_view greeting = {});
  std::size_t idle() const noexcept { return idle_count_; }

 private:
  struct Connection;
  Pool(Target& target, net::Loop& loop, std::shared_ptr<observe::UpstreamMetrics> metrics, unsigned worker);

  base::Task<base::Result<Acquired>> connect(base::Arena& arena, Timeouts timeouts,
                                             std::string_view greeting);
  Connection* take_idle() noexcept;
  void drop_moved() noexcept;
  void discard(Connection& connection, observe::PoolState state) noexcept;
  void drop_idle(Connection& connection) noexcept;
  void keep(Connection& connection) noexcept;
  void expired() noexcept override;

  Target* target_;
  net::Loop* loop_;
  std::shared_ptr<observe::UpstreamMetrics> metrics_;
  observe::UpstreamCells* cells_;
  PoolConfig config_;
  base::List<Connection> idle_;  // the one used last at the back
  std::size_t idle_count_ = 0;
  std::uint32_t address_version_ = 0;
};

}  // namespace sluice::upstream
