// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/listener.h"

#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstring>
#include <utility>

#include "gateway/base/log.h"
#include "gateway/front/tls_step.h"
#include "gateway/http/h1/server.h"
#include "gateway/http/h2/server.h"
#include "gateway/net/listen.h"

namespace sluice::front {

// A connection of this listener, from its acceptance to its end.
struct Listener::Connection final : base::ListNode {
  explicit Connection(Listener& l) noexcept : listener(l), settings(l.settings_) {
    listener.connections_.push_back(*this);
    ++listener.count_;
  }
  ~Connection() {
    if (server) listener.cells_->closed(spoken);
    --listener.count_;
  }
  // Nothing happens between the end of the server and that of its connection.
  void begin(http::ServerConnection& s, observe::Protocol protocol) noexcept {
    server = &s;
    spoken = protocol;
    listener.cells_->opened(protocol);
    if (draining) s.drain();  // the steps took longer than the listener had
  }
  void drain() noexcept {
    draining = true;
    if (server) server->drain();
    if (transport) transport->interrupt_read();
  }
  Listener& listener;
  std::shared_ptr<const ListenerSettings> settings;
  http::ServerConnection* server = nullptr;  // once it is known what is spoken
  net::Transport* transport = nullptr;       // until then
  observe::Protocol spoken = observe::Protocol::h1;
  bool draining = false;
  bool late = false;  // its first head took too long before the server ran
};

Listener::Listener(chain::Worker& worker, int fd, std::shared_ptr<const ListenerSettings> settings,
                   Front& front)
    : worker_(&worker),
      fd_(fd),
      settings_(std::move(settings)),
      front_(&front),
      cells_(&settings_->metrics->on(worker.index)) {
  // Where workers share a queue one of them is woken for a connection, not all.
  worker.loop.add(fd, EPOLLIN | EPOLLET | EPOLLEXCLUSIVE, *this);
}

Listener::~Listener() {
  stop_accepting();
  scope_.cancel(base::Reason::draining);
  base::run_ready();
}

int Listener::take_off() noexcept {
  if (fd_ < 0) return -1;
  worker_->loop.wheel().unset(*this);
  Guest::unlink();
  worker_->loop.remove_shared(fd_, *this);
  return std::exchange(fd_, -1);
}

void Listener::stop_accepting() noexcept {
  int fd = take_off();
  if (fd < 0) return;
  if (gives_way_) net::begin_again(fd);  // a supervisor may have it too, and give it to another process
  ::close(fd);
}

int Listener::give_up_socket() noexcept {
  int fd = take_off();
  drain();
  return fd;
}

void Listener::set_backlog(int backlog) noexcept {
  if (fd_ < 0) return;
  if (auto set = net::listen_on(fd_, backlog); !set)
    base::log(base::Level::error, "listener " + settings_->facts.name + ": " + set.error().detail);
}

int Listener::duplicate() const noexcept { return fd_ < 0 ? -1 : ::fcntl(fd_, F_DUPFD_CLOEXEC, 0); }

// Connections that are accepted before those that are there have their turn: clients may come faster than
// this, for as long as they like.
constexpr unsigned kAcceptedInARow = 64;

// Who was told of connections that wait must take them, or they wait for somebody who was not: the socket may
// be shared with other workers, or with the process that takes the place of this one.
void Listener::drain() noexcept {
  leaving_ = true;
  if (fd_ >= 0) worker_->loop.remove_shared(fd_, *this);
  // As many as can wait: those that come meanwhile must not keep it here.
  for (unsigned left = settings_->backlog / kAcceptedInARow + 1; left > 0 && fd_ >= 0; --left) {
    Guest::unlink();
    accept_all();
    if (!Guest::linked()) break;  // none are left
  }
  stop_accepting();
  connections_.for_each([](Connection& c) { c.drain(); });
}

// As long as handshakes take: longer, and more clients wait the second until they ask again.
constexpr auto kHandshakes = std::chrono::milliseconds(100);

void Listener::give_way() noexcept {
  if (fd_ < 0 || !net::begin_no_more(fd_)) return drain();
  leaving_ = gives_way_ = true;
  worker_->loop.wheel().set(*this, worker_->loop.wheel().due_in(kHandshakes));
  connections_.for_each([](Connection& c) { c.drain(); });
}

void Listener::end_quiet() noexcept {
  connections_.for_each([](Connection& c) {
    if (c.server && !c.draining && c.server->quiet()) c.drain();
  });
}

void Listener::on_events(std::uint32_t /*events*/) noexcept { accept_all(); }

void Listener::accept_all() noexcept {
  for (unsigned accepted = 0; fd_ >= 0;) {
    if (accepted == kAcceptedInARow) {
      if (!Guest::linked()) worker_->loop.next_round(*this);
      return;
    }
    // They wait in the backlog, and the next tick looks again.
    if (worker_->loop.pressure().of(net::StrainCause::memory) == net::Strain::utmost && !leaving_)
        [[unlikely]] {
      worker_->loop.wheel().set(*this, worker_->loop.wheel().due_in(net::Wheel::kTick));
      return;
    }
    if (settings_->accepts_per_second != 0 && !leaving_ && !accept_is_due()) [[unlikely]]
      return;
    sockaddr_storage peer;
    socklen_t size = sizeof peer;
    int fd = ::accept4(fd_, reinterpret_cast<sockaddr*>(&peer), &size, SOCK_NONBLOCK | SOCK_CLOEXEC);
    if (fd >= 0) {
      ++accepted;
      accepts_left_ -= 1;
      starved_ = false;
      // Several coroutines, so that a plain connection has no room in its frame for what it does not need.
      bool plain = !settings_->has_steps() && !settings_->protocols.h2 && !settings_->tls;
      auto* begin = plain ? serve : serve_after_steps;
      begin(scope_, *this,
            {&settings_->facts, net::Address::from(reinterpret_cast<sockaddr*>(&peer), size), fd});
      continue;
    }
    if (errno == EAGAIN) return;
    // The client was gone before we came, or the network had an error for it: the next one may be well.
    if (errno == ECONNABORTED || errno == EINTR || errno == EPROTO || errno == ENETDOWN ||
        errno == EHOSTUNREACH)
      continue;
    accept_failed(errno);
    return;
  }
}

// A bucket with as much as a second brings. What is not accepted waits in the backlog, and the next tick
// looks again.
bool Listener::accept_is_due() noexcept {
  double rate = settings_->accepts_per_second;
  auto now = worker_->loop.now();
  std::chrono::duration<double> passed = now - accepts_counted_;
  accepts_left_ = std::min(std::max(accepts_left_, 0.0) + passed.count() * rate, std::max(rate, 1.0));
  accepts_counted_ = now;
  if (accepts_left_ >= 1) return true;
  worker_->loop.wheel().set(*this, worker_->loop.wheel().due_in(net::Wheel::kTick));
  return false;
}

// Out of descriptors or memory: others may be freed, so try again at the next tick instead of spinning.
void Listener::accept_failed(int error) noexcept {
  if (!starved_)
    base::log(base::Level::error, "listener " + settings_->facts.name + ": cannot accept connections: " +
                                      std::strerror(error) + "; trying again until it works");
  starved_ = true;
  worker_->loop.wheel().set(*this, worker_->loop.wheel().due_in(net::Wheel::kTick));
}

base::Detached Listener::serve(base::Scope& /*scope*/, Listener& listener, http::ConnectionFacts facts) {
  auto transport = std::make_unique<net::TcpTransport>(listener.worker_->loop, facts.socket, true);
  if (!transport->registered()) {
    listener.accept_failed(errno);
    co_return;
  }
  Connection connection(listener);
  http::h1::ServerConnection server(listener.worker_->loop, std::move(transport), facts,
                                    connection.settings->options, *listener.front_);
  connection.begin(server, observe::Protocol::h1);
  co_await server.run();
}

base::Detached Listener::serve_after_steps(base::Scope& /*scope*/, Listener& listener,
                                           http::ConnectionFacts facts) {
  net::TransportPtr transport;
  {
    auto plain = std::make_unique<net::TcpTransport>(listener.worker_->loop, facts.socket, true);
    if (!plain->registered()) {
      listener.accept_failed(errno);
      co_return;
    }
    transport = std::move(plain);
  }
  Connection connection(listener);
  const auto& settings = *connection.settings;
  std::unique_ptr<Kept> kept;
  if (settings.has_steps()) {
    bool go_on = co_await listener.take_steps(*transport, settings, facts, kept);
    if (!go_on) co_return;
  }
  Protocol spoken = Protocol::h1;
  if (settings.tls) {
    auto tls =
        co_await accept_tls(listener.worker_->loop, std::move(transport), *settings.tls, *listener.cells_);
    if (!tls) co_return;  // begin() tells the server that is to drain
    facts.tls = &tls->facts();
    // A client that negotiates nothing speaks what every client spoke before there was anything to negotiate.
    if (facts.tls->alpn == net::Alpn::h2 || !settings.protocols.h1) spoken = Protocol::h2;
    transport = std::move(tls);
  } else if (settings.protocols.h2) {
    connection.transport = transport.get();
    auto chosen = co_await spoken_protocol(listener.worker_->loop, *transport, settings.protocols,
                                           settings.options.head_timeout);
    connection.transport = nullptr;
    if (!chosen) co_return;
    spoken = chosen->protocol;
    connection.late = chosen->late;
  }
  auto run = spoken == Protocol::h2 ? &Listener::run_h2 : &Listener::run_h1;
  co_await (listener.*run)(connection, std::move(transport), facts, kept);
}

// Neither kind of connection lies in the frame that both have.
base::Task<void> Listener::run_h1(Connection& connection, net::TransportPtr transport,
                                  const http::ConnectionFacts& facts, const std::unique_ptr<Kept>& kept) {
  http::h1::ServerConnection server(worker_->loop, std::move(transport), facts, connection.settings->options,
                                    service_for(kept));
  if (connection.late) server.begin_late();
  connection.begin(server, observe::Protocol::h1);
  co_await run(server, kept);
}

base::Task<void> Listener::run_h2(Connection& connection, net::TransportPtr transport,
                                  const http::ConnectionFacts& facts, const std::unique_ptr<Kept>& kept) {
  auto server = std::make_unique<http::h2::ServerConnection>(worker_->loop, std::move(transport), facts,
                                                             connection.settings->options, service_for(kept));
  connection.begin(*server, observe::Protocol::h2);
  co_await run(*server, kept);
}

}  // namespace sluice::front
