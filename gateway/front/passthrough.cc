// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/passthrough.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "gateway/front/front.h"
#include "gateway/net/peek.h"
#include "gateway/net/pump.h"
#include "gateway/net/write.h"
#include "gateway/upstream/dial.h"
#include "gateway/upstream/room.h"

namespace sluice::front {

using base::Duration;
using base::Reason;
using base::Result;
using base::Task;
using observe::PoolState;

void ServerNames::add(const routing::HostPattern& pattern, std::shared_ptr<upstream::Upstream> to) {
  using Kind = routing::HostPattern::Kind;
  if (pattern.kind == Kind::any) {
    if (!any_) any_ = std::move(to);
  } else {
    (pattern.kind == Kind::exact ? exact_ : wildcard_).try_emplace(pattern.name, std::move(to));
  }
}

upstream::Upstream* ServerNames::find(std::string_view name) const noexcept {
  if (auto at = exact_.find(name); at != exact_.end()) return at->second.get();
  for (auto dot = name.find('.'); dot != std::string_view::npos; dot = name.find('.', dot + 1))
    if (auto at = wildcard_.find(name.substr(dot + 1)); at != wildcard_.end()) return at->second.get();
  return any_.get();
}

Task<Result<net::ClientHello>> peek_client_hello(net::Loop& loop, net::Transport& client, Duration timeout) {
  using Kind = net::HelloVerdict::Kind;
  auto buffer = loop.buffers().head();
  static_assert(net::kMaxClientHello <= net::BufferPool::kHead);
  auto deadline = loop.now() + timeout;
  for (std::size_t seen = 0;;) {
    auto left = timeout.count() ? std::max(deadline - loop.now(), Duration(1)) : Duration::zero();
    auto there = co_await net::peek(client, {buffer.data(), buffer.size()}, seen, left);
    if (!there && there.error().reason == Reason::client_timeout)
      co_return base::fail(Reason::client_timeout, "the TLS client hello did not arrive in time");
    if (!there) co_return std::move(there).unexpected();
    if (*there == 0)
      co_return base::fail(seen == 0 ? Reason::client_closed : Reason::bad_request,
                           "the TLS client hello is cut off");
    seen = *there;
    net::ClientHello hello;
    auto verdict = net::parse_client_hello({buffer.data(), seen}, hello);
    if (verdict.kind == Kind::complete) co_return hello;
    if (verdict.kind == Kind::invalid) co_return base::fail(Reason::bad_request, verdict.fault);
  }
}

void refuse_with_alert(net::Loop& loop, net::Transport& client, TlsAlert alert) noexcept {
  // Unread bytes would make the system reset the connection, and the alert be lost.
  auto buffer = loop.buffers().head();
  while (client.try_read({buffer.data(), buffer.size()}).kind == net::Io::Kind::moved) {
  }
  constexpr char kFatal = 2;
  const char record[] = {21, 3, 3, 0, 2, kFatal, static_cast<char>(alert)};
  iovec bytes = net::piece({record, sizeof record});
  client.try_write({&bytes, 1});
}

void Front::log_tunnel(const http::ConnectionFacts& facts, std::string_view server_name,
                       std::string_view upstream, const Tunnelled& tunnel, Duration took) noexcept {
  if (!lane_) return;
  char ip[net::Address::kLongestIp];
  observe::AccessRecord r;
  r.time = worker_->loop.clock().wall() - took;
  r.listener = facts.listener->name;
  r.client_ip = facts.peer.ip(ip);
  r.client_port = facts.peer.port();
  r.host = server_name;
  r.protocol = "TLS";
  r.reason = tunnel.reason;
  r.source = tunnel.connected ? observe::Source::upstream : observe::Source::gateway;
  r.upstream = upstream;
  r.target = tunnel.target;
  r.bytes_in = tunnel.received;
  r.bytes_out = tunnel.sent;
  r.duration = took;
  if (tunnel.connected) r.connect = tunnel.connect;
  if (!held_.empty()) r.config_hash = held_.back().snapshot->hash;
  lane_->write(r);
}

namespace {

constexpr std::size_t kMaxAttempts = 8;
constexpr int kAsGoodAs = 200;  // a status that a connection stands for: nobody here sees more of an answer

// A connection to a target, counted as such while it is open.
class Counted {
 public:
  Counted(upstream::Target& target, observe::UpstreamCells& cells, Duration took)
      : target_(target), cells_(cells) {
    cells_.connected(took);
    cells_.connection_moved(observe::Protocol::passthrough, PoolState::none, PoolState::active);
  }
  Counted(const Counted&) = delete;
  ~Counted() {
    cells_.connection_moved(observe::Protocol::passthrough, PoolState::active, PoolState::none);
    target_.closed();
  }

 private:
  upstream::Target& target_;
  observe::UpstreamCells& cells_;
};

// A place among the connections that a target may have, until somebody else counts it.
struct Place {
  upstream::Target* target = nullptr;
  ~Place() {
    if (target) target->closed();
  }
};

// Sees the client break its connection while there is no target yet. That it has sent everything is no reason
// to give up, as in the tunnel itself.
class ClientWatch final : private net::Watcher {
 public:
  ClientWatch(net::Transport& client, base::Scope& scope) noexcept : client_(client), scope_(scope) {
    client.watch(this);
    look();
  }
  ClientWatch(const ClientWatch&) = delete;
  ~ClientWatch() { client_.watch(nullptr); }

 private:
  void on_activity(bool /*hangup*/) noexcept override { look(); }
  void look() noexcept {
    if (client_.broken()) scope_.cancel(Reason::client_closed);
  }
  net::Transport& client_;
  base::Scope& scope_;
};

// Connects to a target and, if that works, stays until the tunnel ends. `trial`: by which it was admitted.
Task<Result<void>> attempt(chain::Worker& worker, net::Transport& client, const upstream::Upstream& to,
                           upstream::Target& target, upstream::Circuit::Trial trial,
                           std::string_view greeting, Tunnelled& out) {
  upstream::ActiveRequest active(target);
  base::Scope connecting(co_await base::this_scope());
  std::optional<ClientWatch> watch(std::in_place, client, connecting);
  if (!upstream::try_open(target, worker.index, to.pool())) {
    auto made = co_await upstream::open_after_others(target, worker.index, worker.loop, to.pool(),
                                                     to.timeouts().connect)
                    .in(connecting);
    if (!made) co_return made;
  }
  Place place{&target};
  auto before = worker.loop.clock().steady();
  auto dialled =
      co_await upstream::dial(worker.loop, target, to.timeouts().connect, greeting, upstream::Layer::plain)
          .in(connecting);
  watch.reset();
  auto& cells = to.metrics()->on(worker.index);
  if (!dialled) {
    auto reason = dialled.error().reason;
    if (upstream::blames_target(reason)) {
      to.protection().went_wrong(target, to.targets(worker.index), base::row(reason).name, before,
                                 worker.loop.now(), cells);
      trial.judged();
    }
    co_return std::move(dialled).unexpected();
  }
  to.protection().went_well(target, kAsGoodAs, before, worker.loop.now());
  trial.judged();
  out.connect = worker.loop.clock().steady() - before;
  out.connected = true;
  place.target = nullptr;
  Counted counted(target, cells, out.connect);
  auto end = co_await net::relay(worker.loop, client, *dialled->transport, to.timeouts().tunnel);
  out.received = end.forth;
  out.sent = end.back;
  using End = net::Relayed::End;
  if (end.end == End::cancelled) co_return base::fail(end.why);
  if (end.end == End::first_broke) co_return base::fail(Reason::client_closed);
  if (end.end == End::second_broke) co_return base::fail(Reason::upstream_reset);
  co_return Result<void>();
}

}  // namespace

Task<Tunnelled> pass_through(chain::Worker& worker, net::Transport& client,
                             const http::ConnectionFacts& facts, upstream::Upstream& to) {
  Tunnelled out;
  upstream::Target* tried[kMaxAttempts];
  for (std::size_t count = 0; count < std::min<std::size_t>(to.retry().attempts, kMaxAttempts);) {
    upstream::Circuit::Trial trial;
    bool elsewhere = !to.protection().admits(worker.loop.now(), trial);
    if (elsewhere && !to.failover()) {
      out.reason = Reason::circuit_open;
      break;
    }
    auto picked = to.choose(worker.index, {}, {tried, count}, elsewhere);
    if (!picked.target) {
      out.reason = to.why_unusable().reason;
      break;
    }
    const auto& at = *picked.upstream;
    if (&at != &to) trial = std::move(picked.trial);
    tried[count++] = picked.target;
    out.target = picked.target->text();
    std::string greeting;
    if (auto version = at.proxy_protocol())
      greeting = net::write_proxy_header(*version, facts.peer, facts.destination());
    auto result = co_await attempt(worker, client, at, *picked.target, std::move(trial), greeting, out);
    out.reason = result ? Reason::none : result.error().reason;
    if (out.connected || base::row(out.reason).retry != base::Retry::unsent) break;
  }
  if (!out.connected) refuse_with_alert(worker.loop, client, TlsAlert::internal_error);
  co_return out;
}

}  // namespace sluice::front
