// SPDX-License-Identifier: Apache-2.0
// A server and a client of TLS on one loop, joined by a socket pair, for the unit tests of TLS.
#pragma once
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/net/tls_client.h"
#include "gateway/net/tls_handshake.h"
#include "gateway/net/tls_server.h"

#include "tests/support/certificates.h"

namespace sluice::net {

class TlsPair : public testing::Test {
 protected:
  using Server = std::shared_ptr<const TlsServer>;
  using Client = std::shared_ptr<const TlsClient>;
  using Shaking = base::Job<TlsHandshake>;
  static constexpr unsigned kThreads = 2;

  // P-256 for localhost.
  Server server(TlsServerOptions options = {}) { return server_of({{}}, std::move(options)); }
  Server server_of(const std::vector<test::Wanted>& wanted, TlsServerOptions options = {}) {
    std::vector<Certificate> certificates;
    for (const auto& w : wanted) certificates.push_back(authority_.issue(w).load());
    auto made = TlsServer::make(std::move(options), std::move(certificates));
    EXPECT_TRUE(made) << (made ? "" : made.error().detail);
    return *made;
  }
  // Believes the authority.
  Client client(TlsClientOptions options = {}) {
    if (options.ca.empty()) options.ca = authority_.load();
    return *TlsClient::make(std::move(options));
  }

  template <class P>
  bool until(P happened) {
    for (int i = 0; i < 5000; ++i) {
      if (happened()) return true;
      loop_.run_once(std::chrono::milliseconds(20));
    }
    return false;
  }
  static void pair(int (&fds)[2]) {
    ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fds), 0);
  }
  TransportPtr plain(int fd) { return std::make_unique<TcpTransport>(loop_, fd, true); }
  void start(Shaking& job, int fd, SslPtr ssl, std::shared_ptr<const void> keep,
             base::Duration timeout = std::chrono::minutes(5)) {
    job.start(handshake(loop_, plain(fd), std::move(ssl), threads_, std::move(keep), timeout));
  }
  // Both sides' handshakes; the transports are null if they failed.
  void shake(const Server& s, const Client& c, const std::string& host = "localhost",
             const std::shared_ptr<TlsSessions>& sessions = nullptr) {
    int fds[2];
    pair(fds);
    near_.reset();
    far_.reset();
    base::Scope scope;
    Shaking serving(&scope), asking(&scope);
    start(serving, fds[0], s->accept(), s);
    start(asking, fds[1], c->connect(host, sessions), c);
    ASSERT_TRUE(until([&] { return !serving.running() && !asking.running(); }));
    auto served = serving.join().await_resume();
    auto asked = asking.join().await_resume();
    near_ = std::move(served.transport);
    far_ = std::move(asked.transport);
    near_failure_ = std::move(served.failure);
    far_failure_ = std::move(asked.failure);
  }
  static iovec piece(std::string_view bytes) { return {const_cast<char*>(bytes.data()), bytes.size()}; }
  static Io write(Transport& to, std::string_view bytes) {
    iovec v = piece(bytes);
    return to.try_write({&v, 1});
  }
  // All of it, while the other side reads nothing.
  void write_all(Transport& to, std::string_view bytes) {
    ASSERT_TRUE(until([&] {
      Io io = write(to, bytes);
      bytes.remove_prefix(io.bytes);
      return bytes.empty() || io.kind == Io::Kind::failed;
    }));
  }
  Io read(Transport& from, std::span<char> into) {
    Io io{};
    until([&] { return (io = from.try_read(into)).kind != Io::Kind::again; });
    return io;
  }
  std::string text(Transport& from, std::size_t n) {
    std::string all;
    std::vector<char> buffer(BufferPool::kBody);
    while (all.size() < n) {
      Io io = read(from, std::span(buffer).first(std::min(buffer.size(), n - all.size())));
      if (io.kind != Io::Kind::moved) break;
      all.append(buffer.data(), io.bytes);
    }
    return all;
  }

  base::RealClock clock_;
  test::Authority authority_;
  Loop loop_{clock_};
  CryptoThreads threads_{kThreads};
  TlsTransportPtr near_, far_;  // the server's and the client's end
  TlsFailure near_failure_{}, far_failure_{};
};

}  // namespace sluice::net
