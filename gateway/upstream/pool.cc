// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/pool.h"

#include <algorithm>

#include "gateway/http/h1/client.h"
#include "gateway/upstream/dial.h"

namespace sluice::upstream {

using base::Reason;
using base::Result;
using base::Task;
using observe::PoolState;
using observe::Protocol;

// Owns the HTTP connection and hears from it.
struct Pool::Connection final : http::ClientConnection::Owner, base::ListNode {
  Connection(Pool& p, Dialled dialled)
      : pool(p),
        address(dialled.address),
        http(std::make_unique<http::h1::ClientConnection>(*p.loop_, std::move(dialled.transport), *this)) {}

  void stream_ended(bool usable) noexcept override {
    if (usable && !personal) return pool.keep(*this);
    pool.discard(*this, PoolState::active);
  }
  void lost() noexcept override { pool.drop_idle(*this); }

  Pool& pool;
  net::Address address;
  net::Tick idle_until = net::kNever;
  bool personal = false;  // the target was told for whom it is
  std::unique_ptr<http::ClientConnection> http;
};

namespace {

// A connection that is counted and not there yet: taken off again unless it comes to be, also when the
// exchange that waits for it goes away.
struct Opening {
  Target* target;
  ~Opening() {
    if (target) target->closed();
  }
};

}  // namespace

Pool::Pool(Target& target, net::Loop& loop, std::shared_ptr<observe::UpstreamMetrics> metrics,
           unsigned worker)
    : target_(&target), loop_(&loop), metrics_(std::move(metrics)), cells_(&metrics_->on(worker)) {}

Pool& Pool::of(Target& target, unsigned worker, net::Loop& loop, const PoolConfig& config,
               const std::shared_ptr<observe::UpstreamMetrics>& metrics) {
  auto& slot = target.slot(worker);
  if (!slot) slot.reset(new Pool(target, loop, metrics, worker));
  auto& pool = static_cast<Pool&>(*slot);
  pool.config_ = config;
  return pool;
}

Pool::~Pool() {
  while (Connection* c = idle_.front()) drop_idle(*c);
}

Task<Result<Acquired>> Pool::acquire(base::Arena& arena, const Timeouts& timeouts, bool fresh,
                                     std::string_view greeting) {
  if (Connection* c = fresh || !greeting.empty() ? nullptr : take_idle()) {
    cells_->reused();
    cells_->connection_moved(Protocol::h1, PoolState::idle, PoolState::active);
    return Result<Acquired>(Acquired{c->http->open(arena, {timeouts.first_byte, timeouts.idle}), {}});
  }
  return connect(arena, timeouts, greeting);
}

Task<Result<Acquired>> Pool::connect(base::Arena& arena, Timeouts timeouts, std::string_view greeting) {
  if (!target_->try_open(config_.max_connections.value_or(~std::uint32_t{0})))
    co_return base::fail(Reason::overload,
                         target_->text() + " has as many connections as max_connections allows");
  Opening opening{target_};
  auto before = loop_->clock().steady();
  auto dialled = co_await dial(*loop_, *target_, timeouts.connect, greeting);
  if (!dialled) co_return std::move(dialled).unexpected();
  opening.target = nullptr;
  auto took = loop_->clock().steady() - before;
  cells_->connected(took);
  cells_->connection_moved(Protocol::h1, PoolState::none, PoolState::active);
  auto* c = new Connection(*this, std::move(*dialled));
  c->personal = !greeting.empty();
  co_return Acquired{c->http->open(arena, {timeouts.first_byte, timeouts.idle}), took};
}

Pool::Connection* Pool::take_idle() noexcept {
  if (address_version_ != target_->address_version()) drop_moved();
  while (Connection* c = idle_.pop_back()) {
    --idle_count_;
    if (c->http->usable()) return c;
    discard(*c, PoolState::idle);
  }
  return nullptr;
}

// Closes idle connections to addresses that the target's name no longer stands for.
void Pool::drop_moved() noexcept {
  address_version_ = target_->address_version();
  auto addresses = target_->addresses();
  idle_.for_each([&](Connection& c) {
    if (std::find(addresses->begin(), addresses->end(), c.address) != addresses->end()) return;
    drop_idle(c);
  });
}

void Pool::discard(Connection& connection, PoolState state) noexcept {
  cells_->connection_moved(Protocol::h1, state, PoolState::none);
  target_->closed();
  delete &connection;
}

void Pool::drop_idle(Connection& connection) noexcept {
  connection.unlink();
  --idle_count_;
  discard(connection, PoolState::idle);
}

namespace {

// A target that closes after so much idleness may do so while a request is on its way to it. This much
// earlier we close ourselves; of short times half of them.
constexpr base::Duration kMargin = std::chrono::seconds(1);

base::Duration within(base::Duration idle, base::Duration announced) noexcept {
  auto limit = announced - std::min(kMargin, announced / 2);
  return idle > base::Duration::zero() ? std::min(idle, limit) : limit;
}

}  // namespace

// Takes back a connection whose exchange is over.
void Pool::keep(Connection& c) noexcept {
  auto announced = c.http->idle_limit();
  if (idle_count_ >= config_.max_idle || announced == base::Duration::zero()) {
    discard(c, PoolState::active);
    return;
  }
  cells_->connection_moved(Protocol::h1, PoolState::active, PoolState::idle);
  c.idle_until = loop_->wheel().due_in(announced ? within(config_.idle, *announced) : config_.idle);
  idle_.push_back(c);
  ++idle_count_;
  if (c.idle_until < due()) loop_->wheel().set(*this, c.idle_until);
}

// Announced times may differ, so that the one used last need not be the last to go.
void Pool::expired() noexcept {
  net::Tick next = net::kNever;
  idle_.for_each([&](Connection& c) {
    if (c.idle_until > loop_->wheel().now()) {
      next = std::min(next, c.idle_until);
    } else {
      drop_idle(c);
    }
  });
  loop_->wheel().set(*this, next);
}

}  // namespace sluice::upstream
