// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/pool.h"

#include <algorithm>

#include "gateway/net/sleep.h"
#include "gateway/upstream/dial.h"
#include "gateway/upstream/room.h"
#include "gateway/upstream/speak.h"

namespace sluice::upstream {

using base::Reason;
using base::Result;
using base::Task;
using observe::PoolState;
using observe::Protocol;

// Owns the HTTP connection and hears from it.
struct Pool::Connection final : http::ClientConnection::Owner, base::ListNode {
  Connection(Pool& p, Dialled dialled, Protocol spoken)
      : pool(p),
        address(dialled.address),
        tls(std::move(dialled.tls)),
        protocol(spoken),
        http(speak(*p.loop_, *p.target_, spoken, std::move(dialled.transport), *this)) {
    ++pool.open_count_;
  }
  ~Connection() {
    --pool.open_count_;
    pool.cooler_.notify();
  }

  void stream_ended(bool usable) noexcept override { pool.stream_ended(*this, usable && !retired); }
  void lost() noexcept override { pool.lost(*this); }

  Pool& pool;
  net::Address address;
  std::shared_ptr<const TargetTls> tls;
  Protocol protocol;
  bool retired = false;       // in no list any more: goes with its last stream
  std::uint32_t version = 0;  // see Pool::current
  net::Tick idle_until = net::kNever;
  std::unique_ptr<http::ClientConnection> http;
};

// A connection that is counted and not there yet: taken off again unless it comes to be, also when the
// exchange that waits for it goes away.
class Pool::Opening {
 public:
  explicit Opening(Target* target) noexcept : target_(target) {}
  Opening(Opening&& o) noexcept : target_(std::exchange(o.target_, nullptr)) {}
  ~Opening() {
    if (target_) target_->closed();
  }
  Opening& operator=(Opening&& o) noexcept {
    std::swap(target_, o.target_);
    return *this;
  }
  explicit operator bool() const noexcept { return target_ != nullptr; }
  void done() noexcept { target_ = nullptr; }

 private:
  Target* target_;  // null: nothing is counted
};

// An exchange that waits for a shared connection which is being made.
struct Pool::Waiter : base::ListNode {
  explicit Waiter(Pool& p) : pool(p), told(p.loop_->wheel()) {
    pool.waiting_.push_back(*this);
    ++pool.waiting_count_;
  }
  ~Waiter() { leave(); }
  void leave() noexcept {
    if (linked()) --pool.waiting_count_;
    unlink();
  }
  void tell(const base::Error* why) {
    leave();
    done = true;
    if (why) error = *why;
    told.notify();
  }

  Pool& pool;
  net::Signal told;
  bool done = false;
  std::optional<base::Error> error;
};

Pool::Pool(Target& target, net::Loop& loop, std::shared_ptr<observe::UpstreamMetrics> metrics,
           unsigned worker)
    : PoolSlot(target.group()->pools, target, worker),
      target_(&target),
      loop_(&loop),
      metrics_(std::move(metrics)),
      cells_(&metrics_->on(worker)),
      cooler_(loop.wheel()) {}

Pool& Pool::of(Target& target, unsigned worker, net::Loop& loop, const PoolSettings& settings,
               const std::shared_ptr<observe::UpstreamMetrics>& metrics) {
  auto& slot = target.slot(worker);
  if (!slot) slot.reset(new Pool(target, loop, metrics, worker));
  auto& pool = static_cast<Pool&>(*slot);
  if (pool.settings_.protocol != settings.protocol) pool.drop_all();
  pool.settings_ = settings;
  pool.asked();
  return pool;
}

Pool::~Pool() {
  warming_.reset();
  drop_all();
}

Task<Result<Acquired>> Pool::acquire(base::Arena& arena, const Timeouts& timeouts, const Wanted& wanted) {
  bool h1 = wanted.upgrade && settings_.protocol == ProtocolChoice::automatic;
  bool own = wanted.fresh || !wanted.greeting.empty() || (h1 && multiplexes());
  if (Connection* c = own ? nullptr : take()) {
    cells_->reused();
    return Result<Acquired>(open(*c, arena, timeouts, {}));
  }
  if (multiplexes() && wanted.greeting.empty() && !h1) return share(arena, timeouts);
  return connect(arena, timeouts, wanted);
}

// For metrics, which are the upstream's, and for whoever asks about this target.
void Pool::moved(Protocol protocol, PoolState from, PoolState to) noexcept {
  cells_->connection_moved(protocol, from, to);
  auto& mine = protocol == Protocol::h2 ? count_.h2 : count_.h1;
  if (from == PoolState::idle) --mine.idle;
  if (from == PoolState::active) --mine.active;
  if (to == PoolState::idle) ++mine.idle;
  if (to == PoolState::active) ++mine.active;
}

Acquired Pool::open(Connection& c, base::Arena& arena, const Timeouts& timeouts, base::Duration connect) {
  if (c.protocol == Protocol::h2) {
    expected_room_ = c.http->room() + c.http->streams();
    ++count_.streams;
  }
  return {c.http->open(arena, {timeouts.first_byte_after(connect), timeouts.idle}), connect};
}

bool Pool::try_open() noexcept { return upstream::try_open(*target_, worker(), settings_); }

Task<Result<void>> Pool::ask_others(base::Duration patience) {
  return open_after_others(*target_, worker(), *loop_, settings_, patience);
}

// Remembers what the target chose over TLS.
Result<Protocol> Pool::spoken_on(const Dialled& dialled) {
  auto spoken = upstream::spoken_on(*target_, settings_.protocol, dialled);
  if (spoken && target_->url().tls) chose_h2_ = *spoken == Protocol::h2;
  return spoken;
}

// A connection for one exchange.
Task<Result<Acquired>> Pool::connect(base::Arena& arena, Timeouts timeouts, Wanted wanted) {
  if (!try_open()) {
    auto made = co_await ask_others(timeouts.to_connect());
    if (!made) co_return std::move(made).unexpected();
  }
  Opening opening(target_);
  auto before = loop_->clock().steady();
  bool h1 = wanted.upgrade && settings_.protocol == ProtocolChoice::automatic;
  auto layer = h1 ? Layer::http_1_1 : Layer::of_url;
  auto dialled = co_await dial(*loop_, *target_, timeouts.to_connect(), wanted.greeting, layer);
  if (!dialled) co_return std::move(dialled).unexpected();
  auto protocol = h1 ? Result<Protocol>(Protocol::h1) : spoken_on(*dialled);
  if (!protocol) co_return std::move(protocol).unexpected();
  opening.done();
  auto took = loop_->clock().steady() - before;
  cells_->connected(took);
  moved(*protocol, PoolState::none, PoolState::active);
  auto* c = new Connection(*this, std::move(*dialled), *protocol);
  // The target was told for whom it is, or has changed meanwhile.
  c->retired = !wanted.greeting.empty() || !current(*c);
  if (*protocol == Protocol::h2 && !c->retired) shared_.push_back(*c);
  co_return open(*c, arena, timeouts, took);
}

namespace {

// Each round is a connection that was made and of no use: closed at once, or taken by others.
constexpr int kRounds = 50;

}  // namespace

// A place on a connection for many. Those who come while it is being made wait for it, instead of making one
// each.
Task<Result<Acquired>> Pool::share(base::Arena& arena, Timeouts timeouts) {
  auto before = loop_->clock().steady();
  for (int rounds = 0; rounds < kRounds; ++rounds) {
    Waiter waiter(*this);
    if (waiting_count_ > dialling_count_ * std::max<std::size_t>(1, expected_room_))
      start_dialling(timeouts.to_connect());
    if (!waiter.done) {  // else the dialling has ended at once
      auto wait = waiter.told.wait({});
      if (co_await wait == base::Outcome::cancelled) co_return base::fail(wait.why());
    }
    if (waiter.error) co_return base::Unexpected{std::move(*waiter.error)};
    if (Connection* c = take()) co_return open(*c, arena, timeouts, loop_->clock().steady() - before);
  }
  co_return base::fail(Reason::upstream_refused, target_->text() + " takes connections and no requests");
}

// Where there may be no more the one that is being made is waited for.
void Pool::start_dialling(base::Duration timeout) {
  diallings_.remove_if([](const Dialling& d) { return !d.job.running(); });
  bool room = try_open();
  if (!room && dialling_count_ != 0) return;
  ++dialling_count_;
  diallings_.emplace_back().job.start(dial_shared(Opening(room ? target_ : nullptr), timeout));
}

Task<void> Pool::dial_shared(Opening opening, base::Duration timeout) {
  if (!opening) {
    auto made = co_await ask_others(timeout);
    if (!made) {
      dialling_failed(made.error());
      co_return;
    }
    opening = Opening(target_);
  }
  auto before = loop_->clock().steady();
  auto protocol = settings_.protocol;
  auto dialled = co_await dial(*loop_, *target_, timeout);
  if (!dialled) {
    dialling_failed(dialled.error());
    co_return;
  }
  cells_->connected(loop_->clock().steady() - before);
  auto spoken = spoken_on(*dialled);
  if (!spoken) {
    dialling_failed(spoken.error());
    co_return;
  }
  --dialling_count_;
  if (protocol == settings_.protocol) {
    opening.done();
    auto* c = new Connection(*this, std::move(*dialled), *spoken);
    moved(*spoken, PoolState::none, PoolState::active);
    // One that leaves still serves those who wait for it, and is not kept for nobody.
    if (leaves() ? waiting_count_ != 0 : current(*c)) {
      put(*c);
    } else {
      discard(*c, PoolState::active);
    }
  }
  tell_waiting(nullptr);
}

void Pool::dialling_failed(const base::Error& why) noexcept {
  --dialling_count_;
  tell_waiting(dialling_count_ == 0 ? &why : nullptr);
}

void Pool::warm(base::Duration connect) {
  warm_within_ = connect;
  if (warming_ && warming_->running()) return cooler_.notify();
  if (settings_.keep.prewarm != 0) warming_.emplace(nullptr).start(keep_warm());
}

bool Pool::cold() const noexcept { return open_count_ < settings_.keep.prewarm && !leaves(); }

// One after the other, and all of them at most once a second: the target may close them at once.
Task<void> Pool::keep_warm() {
  constexpr base::Duration kAgain = std::chrono::seconds(1);
  while (settings_.keep.prewarm != 0) {
    auto began = loop_->now();
    bool good = target_->usable();
    for (auto left = settings_.keep.prewarm; left != 0 && good && cold(); --left) good = co_await warm_one();
    if (!cold()) {
      auto wait = cooler_.wait({});
      if (co_await wait == base::Outcome::cancelled) co_return;
    }
    auto pause = net::sleep(*loop_, kAgain - (loop_->now() - began));
    if (co_await pause == base::Outcome::cancelled) co_return;
  }
}

Task<bool> Pool::warm_one() {
  // Half of what is allowed is left to requests, on whichever worker they come.
  auto half = [](std::uint32_t most) { return most == Target::kNoLimit ? most : most / 2; };
  if (!target_->try_open(half(at_most()), half(settings_.max_in_all))) co_return false;
  Opening opening(target_);
  auto before = loop_->clock().steady();
  auto protocol = settings_.protocol;
  auto dialled = co_await dial(*loop_, *target_, warm_within_);
  if (!dialled || protocol != settings_.protocol) co_return false;
  auto spoken = spoken_on(*dialled);
  if (!spoken) co_return false;
  opening.done();
  cells_->connected(loop_->clock().steady() - before);
  moved(*spoken, PoolState::none, PoolState::active);
  auto* c = new Connection(*this, std::move(*dialled), *spoken);
  c->http->kept_unused();
  bool good = current(*c);
  if (good) {
    put(*c);
  } else {
    discard(*c, PoolState::active);
  }
  co_return good;
}

// All of them look again: those who find no room begin another connection or wait for one that is under way.
void Pool::tell_waiting(const base::Error* error) noexcept {
  while (Waiter* w = waiting_.front()) w->tell(error);
}

// The least loaded connection with room; of unused ones the one used last.
Pool::Connection* Pool::take() noexcept {
  if (version_ != target_->version()) drop_outdated();
  while (Connection* c = idle_.pop_back()) {
    set_unused(unused() - 1);
    if (!c->http->usable() || c->http->room() == 0) {  // a target may allow no streams at all
      discard(*c, PoolState::idle);
      continue;
    }
    moved(c->protocol, PoolState::idle, PoolState::active);
    if (c->protocol == Protocol::h2) shared_.push_back(*c);
    return c;
  }
  return shared_.empty() ? nullptr : least_loaded();
}

Pool::Connection* Pool::least_loaded() noexcept {
  Connection* best = nullptr;
  shared_.for_each([&](Connection& c) {
    if (!c.http->usable() || c.http->room() == 0) return;
    if (!best || c.http->streams() < best->http->streams()) best = &c;
  });
  return best;
}

// Would it be made like this today: to a target that gets requests, at an address that its name still stands
// for, with the settings of TLS that hold now? Compared once for each version of the target.
bool Pool::current(Connection& c) const {
  if (leaves()) return false;
  if (c.version == version_) return true;
  auto addresses = target_->addresses();
  if (c.tls != target_->tls() || std::ranges::find(*addresses, c.address) == addresses->end()) return false;
  c.version = version_;
  return true;
}

// What HTTP/1.1 uses at this moment is in no list: keep() looks at it.
void Pool::drop_outdated() {
  version_ = target_->version();
  idle_.for_each([&](Connection& c) {
    if (!current(c)) drop_idle(c);
  });
  shared_.for_each([&](Connection& c) {
    if (!current(c)) retire(c);
  });
}

void Pool::look_again() noexcept {
  if (version_ != target_->version()) drop_outdated();
}

bool Pool::give_up_unused() noexcept {
  Connection* c = idle_.front();
  if (c) drop_idle(*c);
  return c != nullptr;
}

void Pool::drop_all() noexcept {
  while (Connection* c = idle_.front()) drop_idle(*c);
  while (Connection* c = shared_.front()) retire(*c);
}

// No further streams on it.
void Pool::retire(Connection& connection) noexcept {
  connection.unlink();
  connection.retired = true;
}

void Pool::drop_idle(Connection& connection) noexcept {
  connection.unlink();
  set_unused(unused() - 1);
  discard(connection, PoolState::idle);
}

void Pool::discard(Connection& connection, PoolState state) noexcept {
  moved(connection.protocol, state, PoolState::none);
  target_->closed();
  delete &connection;
}

void Pool::lost(Connection& connection) noexcept {
  if (connection.http->streams() == 0) return drop_idle(connection);
  retire(connection);
}

void Pool::stream_ended(Connection& connection, bool usable) noexcept {
  if (connection.protocol == Protocol::h2) --count_.streams;
  bool unused = connection.http->streams() == 0;
  if (!usable) {
    retire(connection);
    if (unused) discard(connection, PoolState::active);
  } else if (unused) {
    keep(connection);
  }
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

// Takes back a connection whose last exchange is over.
void Pool::keep(Connection& c) noexcept {
  if (unused() < settings_.keep.max_idle && c.http->idle_limit() != base::Duration::zero() && current(c))
    return put(c);
  c.unlink();
  discard(c, PoolState::active);
}

void Pool::put(Connection& c) noexcept {
  auto announced = c.http->idle_limit();
  base::Duration idle = settings_.keep.idle;
  c.unlink();
  moved(c.protocol, PoolState::active, PoolState::idle);
  c.idle_until = loop_->wheel().due_in(announced ? within(idle, *announced) : idle);
  idle_.push_back(c);
  set_unused(unused() + 1);
  if (c.idle_until < due()) loop_->wheel().set(*this, c.idle_until);
}

// Announced times may differ, so that the one used last need not be the last to go.
void Pool::expired() noexcept {
  net::Tick next = net::kNever;
  idle_.for_each([&](Connection& c) {
    bool wanted = open_count_ <= settings_.keep.prewarm && !unasked() && !c.http->idle_limit();
    if (wanted && c.idle_until <= loop_->wheel().now())
      c.idle_until = loop_->wheel().due_in(settings_.keep.idle);
    if (c.idle_until > loop_->wheel().now()) {
      next = std::min(next, c.idle_until);
    } else {
      drop_idle(c);
    }
  });
  loop_->wheel().set(*this, next);
}

}  // namespace sluice::upstream
