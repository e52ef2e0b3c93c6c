// SPDX-License-Identifier: Apache-2.0
// The steps between the acceptance of a connection and its first request.
#include "gateway/base/log.h"
#include "gateway/front/listener.h"
#include "gateway/front/tls_step.h"

namespace sluice::front {

using base::Reason;

base::Task<bool> Listener::take_steps(net::Transport& transport, const ListenerSettings& settings,
                                      http::ConnectionFacts& facts, std::unique_ptr<Kept>& kept) {
  kept = std::make_unique<Kept>();
  if (settings.life.any()) {
    base::Scope* scope = co_await base::this_scope();
    kept->life.emplace(settings.life, random_.next(), worker_->loop.wheel(), *front_, *scope);
  }
  const auto& limits = settings.limits;
  if (limits.all && !kept->place.take(settings.counts, limits.all)) {
    refuse(observe::Rejection::limit, facts.peer, "there are max_connections already");
    co_return false;
  }
  if (settings.proxy) {
    bool taken = co_await take_proxy_header(transport, *settings.proxy, facts, kept->proxy);
    if (!taken) co_return false;
  }
  // Not before it is known whose connection it is.
  if (limits.per_client && !kept->place.take_from(settings.counts, facts.peer, limits.per_client)) {
    refuse(observe::Rejection::ip, facts.peer, "it has max_connections_per_ip already");
    co_return false;
  }
  if (!settings.passthrough) co_return true;
  bool stays = co_await pass_through(transport, *settings.passthrough, settings.tls != nullptr, facts);
  co_return stays;
}

http::Service& Listener::service_for(const std::unique_ptr<Kept>& kept) const noexcept {
  return kept && kept->life ? static_cast<http::Service&>(*kept->life) : *front_;
}

base::Task<void> Listener::run(http::ServerConnection& server, const std::unique_ptr<Kept>& kept) noexcept {
  if (!kept || !kept->life) return server.run();
  kept->life->begin(server);
  return server.run().in(kept->life->scope());
}

namespace {

// Is it the client's doing that a step has failed? Otherwise it has left, or we are leaving.
bool clients_fault(Reason why) noexcept {
  return why == Reason::forbidden || why == Reason::bad_request || why == Reason::client_timeout;
}

}  // namespace

base::Task<bool> Listener::take_proxy_header(net::Transport& transport, const ProxySettings& settings,
                                             http::ConnectionFacts& facts,
                                             std::unique_ptr<net::ProxyFacts>& proxy) {
  auto peer = facts.peer;
  auto taken = co_await front::take_proxy_header(worker_->loop, transport, settings, facts.peer);
  if (taken) {
    proxy = std::move(*taken);
    facts.proxy = proxy.get();
    co_return true;
  }
  if (clients_fault(taken.error().reason))
    refuse(observe::Rejection::proxy_protocol, peer, taken.error().detail);
  co_return false;
}

base::Task<bool> Listener::pass_through(net::Transport& transport, const PassthroughSettings& settings,
                                        bool else_here, const http::ConnectionFacts& facts) {
  using observe::Protocol;
  auto hello = co_await peek_client_hello(worker_->loop, transport, settings.timeout);
  auto* to = hello ? settings.names.find(hello->server_name) : nullptr;
  if (hello && !to && else_here) co_return true;
  if (!to) {
    if (hello) {
      refuse_with_alert(worker_->loop, transport, TlsAlert::unrecognized_name);
      refuse(observe::Rejection::sni, facts.peer,
             hello->server_name.empty() ? "it names no server" : "nobody serves " + hello->server_name);
    } else if (clients_fault(hello.error().reason)) {
      refuse(observe::Rejection::sni, facts.peer, hello.error().detail);
      char first[4];
      auto there = transport.try_peek(first);
      if (net::looks_like_http({first, there.bytes})) co_await refuse_plain_http(worker_->loop, transport);
    }
    co_return false;
  }
  cells_->opened(Protocol::passthrough);
  auto began = worker_->loop.clock().steady();
  auto end = co_await front::pass_through(*worker_, transport, facts, *to);
  cells_->closed(Protocol::passthrough);
  front_->log_tunnel(facts, hello->server_name, to->name(), end, worker_->loop.clock().steady() - began);
  co_return false;
}

// Counted, each of them; said now and then, because whoever is refused may come again and again.
void Listener::refuse(observe::Rejection rejection, const net::Address& peer, const std::string& why) {
  constexpr base::Duration kPause = std::chrono::seconds(10);
  cells_->rejected(rejection);
  if (auto now = worker_->loop.now(); now >= complain_from_) {
    complain_from_ = now + kPause;
    base::log(base::Level::warning, "listener " + settings_->facts.name + ": refused a connection from " +
                                        peer.text() + ": " + why);
  }
}

}  // namespace sluice::front
