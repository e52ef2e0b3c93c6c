// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/pool.h"

#include <algorithm>

#include "gateway/upstream/dial.h"

namespace sluice::upstream {

using base::Reason;
using base::Result;
using base::Task;
using observe::PoolState;

struct Pool::Connection final : http::h1::ClientConnection, base::ListNode {
  Connection(net::Loop& loop, net::TransportPtr transport, Owner& owner, const net::Address& to)
      : ClientConnection(loop, std::move(transport), owner), address(to) {}
  net::Address address;
  net::Tick idle_until = net::kNever;
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
  while (Connection* c = idle_.pop_back()) discard(*c, PoolState::idle);
}

Task<Result<Acquired>> Pool::acquire(base::Arena& arena, const Timeouts& timeouts, bool fresh) {
  if (Connection* c = fresh ? nullptr : take_idle()) {
    cells_->reused();
    cells_->connection_moved(PoolState::idle, PoolState::active);
    return Result<Acquired>(Acquired{c->open(arena, {timeouts.first_byte, timeouts.idle}), {}});
  }
  return connect(arena, timeouts);
}

Task<Result<Acquired>> Pool::connect(base::Arena& arena, Timeouts timeouts) {
  if (!target_->try_open(config_.max_connections.value_or(~std::uint32_t{0})))
    co_return base::fail(Reason::overload,
                         target_->text() + " has as many connections as max_connections allows");
  Opening opening{target_};
  auto before = loop_->clock().steady();
  auto dialled = co_await dial(*loop_, *target_, timeouts.connect);
  if (!dialled) co_return std::move(dialled).unexpected();
  opening.target = nullptr;
  auto took = loop_->clock().steady() - before;
  cells_->connected(took);
  cells_->connection_moved(PoolState::none, PoolState::active);
  auto* c = new Connection(*loop_, std::move(dialled->transport), *this, dialled->address);
  co_return Acquired{c->open(arena, {timeouts.first_byte, timeouts.idle}), took};
}

Pool::Connection* Pool::take_idle() noexcept {
  if (address_version_ != target_->address_version()) drop_moved();
  while (Connection* c = idle_.pop_back()) {
    --idle_count_;
    if (c->usable()) return c;
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
    c.unlink();
    --idle_count_;
    discard(c, PoolState::idle);
  });
}

void Pool::discard(Connection& connection, PoolState state) noexcept {
  cells_->connection_moved(state, PoolState::none);
  target_->closed();
  delete &connection;
}

void Pool::ended(http::h1::ClientConnection& connection, bool reusable) noexcept {
  auto& c = static_cast<Connection&>(connection);
  if (!reusable || idle_count_ >= config_.max_idle) {
    discard(c, PoolState::active);
    return;
  }
  cells_->connection_moved(PoolState::active, PoolState::idle);
  c.idle_until = loop_->wheel().due_in(config_.idle);
  idle_.push_back(c);
  ++idle_count_;
  if (due() == net::kNever) loop_->wheel().set(*this, c.idle_until);
}

void Pool::lost(http::h1::ClientConnection& connection) noexcept {
  auto& c = static_cast<Connection&>(connection);
  c.unlink();
  --idle_count_;
  discard(c, PoolState::idle);
}

void Pool::expired() noexcept {
  while (Connection* c = idle_.front()) {
    if (c->idle_until > loop_->wheel().now()) {
      loop_->wheel().set(*this, c->idle_until);
      return;
    }
    c->unlink();
    --idle_count_;
    discard(*c, PoolState::idle);
  }
}

}  // namespace sluice::upstream
