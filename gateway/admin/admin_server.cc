// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/admin_server.h"

#include <fcntl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <list>
#include <utility>

#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/steady_timer.hpp>

#include "gateway/admin/session.h"
#include "gateway/admin/socket.h"
#include "gateway/base/log.h"

namespace sluice::admin {

namespace asio = boost::asio;

namespace {

// How long not to accept when the process is out of descriptors.
constexpr auto kPause = std::chrono::milliseconds(200);
constexpr int kAcceptsAtOnce = 16;

}  // namespace

// Accepts, and knows the sessions. Pending operations hold it weakly, so it ends with the AdminServer.
class AdminServer::Acceptor : public std::enable_shared_from_this<AdminServer::Acceptor> {
 public:
  Acceptor(asio::io_context& control, ListeningSocket socket, Suppliers suppliers, std::string token,
           AdminLimits limits)
      : control_(control),
        socket_(std::move(socket)),
        listening_(control, ::dup(socket_.fd())),
        pause_(control),
        pages_(std::make_shared<Pages>(std::move(suppliers), Access{socket_.port() == 0, std::move(token)})),
        limits_(limits) {}

  std::uint16_t port() const noexcept { return socket_.port(); }
  ListeningSocket& socket() noexcept { return socket_; }
  void use_token(std::string token) { pages_->use_token(std::move(token)); }

  void wait() {
    listening_.async_wait(asio::posix::descriptor_base::wait_read,
                          [weak = weak_from_this()](boost::system::error_code error) {
                            auto self = weak.lock();
                            if (self && !error) self->accept();
                          });
  }

  void stop() {
    boost::system::error_code ignored;
    (void)listening_.close(ignored);
    pause_.cancel();
    // Closing a session takes it out of the set.
    while (!sessions_.empty()) {
      auto session = *sessions_.begin();
      session->close();
    }
  }

 private:
  void accept() {
    for (int i = 0; i < kAcceptsAtOnce; ++i) {
      int fd = ::accept4(socket_.fd(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC);
      if (fd >= 0) {
        serve(fd);
      } else if (errno == EMFILE || errno == ENFILE || errno == ENOBUFS || errno == ENOMEM) {
        return pause();
      } else if (errno == EAGAIN || errno == EWOULDBLOCK) {
        break;
      }
    }
    wait();
  }

  void serve(int fd) {
    asio::generic::stream_protocol protocol(socket_.family(), 0);
    AdminSession::Stream::socket_type socket(control_, protocol, fd);
    if (sessions_.size() >= limits_.connections) make_room();
    auto session = std::make_shared<AdminSession>(std::move(socket), pages_, limits_);
    sessions_.push_back(session);
    session->run([weak = weak_from_this(), raw = session.get()] {
      auto self = weak.lock();
      if (self) std::erase_if(self->sessions_, [raw](const auto& s) { return s.get() == raw; });
    });
  }

  // Connections that say nothing, or do not read, must not keep a supervisor from asking whether the gateway
  // lives. Those that wait for their client go first.
  void make_room() {
    auto session = *std::min_element(sessions_.begin(), sessions_.end(), [](const auto& a, const auto& b) {
      if (a->waiting() != b->waiting()) return a->waiting();
      return a->moved() < b->moved();
    });
    session->close();
  }

  // The connection waits in the backlog and would wake us again and again.
  void pause() {
    base::log(base::Level::warning,
              std::string("the admin server cannot accept a connection now: ") + std::strerror(errno));
    pause_.expires_after(kPause);
    pause_.async_wait([weak = weak_from_this()](boost::system::error_code error) {
      auto self = weak.lock();
      if (self && !error) self->wait();
    });
  }

  asio::io_context& control_;
  ListeningSocket socket_;
  asio::posix::stream_descriptor listening_;
  asio::steady_timer pause_;
  std::shared_ptr<Pages> pages_;
  AdminLimits limits_;
  std::list<std::shared_ptr<AdminSession>> sessions_;  // in the order of their acceptance
};

base::Result<std::unique_ptr<AdminServer>> AdminServer::start(asio::io_context& control,
                                                              const AdminConfig& config, Suppliers suppliers,
                                                              AdminLimits limits,
                                                              net::InheritedSockets inherited) {
  if (!config.enabled) return std::unique_ptr<AdminServer>();
  auto socket = ListeningSocket::open(config.bind, inherited);
  if (!socket) return std::move(socket).unexpected();
  auto acceptor = std::make_shared<Acceptor>(control, std::move(*socket), std::move(suppliers),
                                             config.token ? config.token->value : "", limits);
  if (!acceptor->socket().inherited()) acceptor->wait();
  return std::unique_ptr<AdminServer>(new AdminServer(std::move(acceptor)));
}

AdminServer::AdminServer(std::shared_ptr<Acceptor> acceptor) noexcept : acceptor_(std::move(acceptor)) {}

AdminServer::~AdminServer() { acceptor_->stop(); }

net::HandedSockets AdminServer::hand_out() const {
  auto& socket = acceptor_->socket();
  return {kHandedAs, socket.owns_file(), {::fcntl(socket.fd(), F_DUPFD_CLOEXEC, 0)}};
}

void AdminServer::use_token(std::string token) { acceptor_->use_token(std::move(token)); }

void AdminServer::take_over() {
  if (!acceptor_->socket().inherited()) return;
  acceptor_->socket().adopt_file();
  acceptor_->wait();
}

void AdminServer::give_up_file() noexcept { acceptor_->socket().give_up_file(); }

std::uint16_t AdminServer::port() const noexcept { return acceptor_->port(); }

}  // namespace sluice::admin
