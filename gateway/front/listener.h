// SPDX-License-Identifier: Apache-2.0
// Listener: one worker's share of a listening address: accepts connections, takes the steps that come before
// the first request, and runs them until they end. That
// worker's thread only.
#pragma once
#include <memory>
#include <optional>

#include "gateway/base/job.h"
#include "gateway/chain/exchange.h"
#include "gateway/front/connection_life.h"
#include "gateway/front/connection_limits.h"
#include "gateway/front/front.h"
#include "gateway/front/passthrough.h"
#include "gateway/front/protocols.h"
#include "gateway/front/proxy_step.h"
#include "gateway/http/connection.h"
#include "gateway/net/tls_handshake.h"
#include "gateway/net/tls_server.h"
#include "gateway/observe/listener_metrics.h"
#include "gateway/upstream/random.h"

namespace sluice::front {

// TLS of a listener; immutable. The threads outlive it.
struct ListenerTlsSettings {
  std::shared_ptr<const net::TlsServer> server;
  net::CryptoThreads* threads;
  bool forward_chain;  // of clients' certificates
  base::Duration timeout;
};

// What all workers of a listener share; immutable.
struct ListenerSettings {
  http::ListenerFacts facts;
  http::ServerOptions options;
  Protocols protocols;
  std::shared_ptr<observe::ListenerMetrics> metrics;
  std::optional<ProxySettings> proxy;  // connections begin with a PROXY header
  std::optional<PassthroughSettings> passthrough;
  std::shared_ptr<const ListenerTlsSettings> tls;  // null: none
  ConnectionLimits limits;
  LifeLimits life;
  double accepts_per_second = 0;             // of each worker; 0: no limit
  unsigned backlog = 0;                      // connections that may wait to be accepted, of each worker
  std::shared_ptr<ConnectionCounts> counts;  // of the listener, whatever its settings become

  // Is there anything to be done before the first request, or TLS, or to be kept for the connection?
  bool has_steps() const noexcept { return proxy || passthrough || limits.any() || life.any(); }
};

class Listener final : private net::Source, private net::Timer, private net::Loop::Guest {
 public:
  // Takes over the listening socket. `front` must outlive the listener.
  Listener(chain::Worker& worker, int fd, std::shared_ptr<const ListenerSettings> settings, Front& front);
  Listener(const Listener&) = delete;
  // Ends every connection at once.
  ~Listener();

  // Accepts nothing more; what waits in the backlog is refused by the system.
  void stop_accepting() noexcept;
  // Stops accepting, ends idle connections and lets busy ones finish their exchange.
  void drain() noexcept;
  // drain(), for a socket beside another one that takes its place: what the system has begun for this one is
  // accepted for some time yet, and nobody is refused.
  void give_way() noexcept;
  bool accepting() const noexcept { return fd_ >= 0; }
  // Ends those connections on which nothing has been asked since the last call.
  void end_quiet() noexcept;
  // drain(), but the listening socket goes on, for another one: with what waits in it, the caller's to close.
  // -1 if there is none.
  int give_up_socket() noexcept;
  // How many connections may wait to be accepted.
  void set_backlog(int backlog) noexcept;
  // Another descriptor of the listening socket, the caller's to close; -1 if there is none.
  int duplicate() const noexcept;
  std::size_t connections() const noexcept { return count_; }
  // For new connections from now on.
  void use(std::shared_ptr<const ListenerSettings> settings) noexcept { settings_ = std::move(settings); }

 private:
  struct Connection;
  // What the steps have found out, and a connection keeps; null where there are none.
  struct Kept {
    std::unique_ptr<net::ProxyFacts> proxy;
    ConnectionPlace place;
    std::optional<ConnectionLife> life;
  };
  static base::Detached serve(base::Scope& scope, Listener& listener, http::ConnectionFacts facts);
  static base::Detached serve_after_steps(base::Scope& scope, Listener& listener,
                                          http::ConnectionFacts facts);
  // What comes before the first request, in listener_steps.cc; false: there will be none.
  base::Task<bool> take_steps(net::Transport& transport, const ListenerSettings& settings,
                              http::ConnectionFacts& facts, std::unique_ptr<Kept>& kept);
  // Who serves a connection, and runs it until it ends.
  http::Service& service_for(const std::unique_ptr<Kept>& kept) const noexcept;
  static base::Task<void> run(http::ServerConnection& server, const std::unique_ptr<Kept>& kept) noexcept;
  base::Task<bool> take_proxy_header(net::Transport& transport, const ProxySettings& settings,
                                     http::ConnectionFacts& facts, std::unique_ptr<net::ProxyFacts>& proxy);
  // `else_here`: what is not passed through has TLS here.
  base::Task<bool> pass_through(net::Transport& transport, const PassthroughSettings& settings,
                                bool else_here, const http::ConnectionFacts& facts);
  // The rest of a connection, once it is known what is spoken on it.
  base::Task<void> run_h1(Connection& connection, net::TransportPtr transport,
                          const http::ConnectionFacts& facts, const std::unique_ptr<Kept>& kept);
  base::Task<void> run_h2(Connection& connection, net::TransportPtr transport,
                          const http::ConnectionFacts& facts, const std::unique_ptr<Kept>& kept);
  void on_events(std::uint32_t events) noexcept override;
  void expired() noexcept override { leaving_ ? drain() : accept_all(); }
  void round() noexcept override { accept_all(); }
  void refuse(observe::Rejection rejection, const net::Address& peer, const std::string& why);
  void accept_all() noexcept;
  // No connection comes from the socket any more; it is the caller's. -1 if there is none.
  int take_off() noexcept;
  // May another connection be accepted now?
  bool accept_is_due() noexcept;
  void accept_failed(int error) noexcept;

  chain::Worker* worker_;
  int fd_;
  std::shared_ptr<const ListenerSettings> settings_;
  Front* front_;
  observe::ListenerCells* cells_;
  base::Scope scope_;
  base::List<Connection> connections_;
  std::size_t count_ = 0;
  upstream::Random random_ = upstream::Random::seeded();
  base::SteadyTime complain_from_{};  // about refused connections
  double accepts_left_ = 0;
  base::SteadyTime accepts_counted_{};
  bool starved_ = false;    // the last accept failed for want of descriptors or memory, and that was said
  bool leaving_ = false;    // what waits is accepted whatever the rate
  bool gives_way_ = false;  // and nothing more begins
};

}  // namespace sluice::front
