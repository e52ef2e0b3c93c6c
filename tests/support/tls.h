// SPDX-License-Identifier: Apache-2.0
// TLS for the clients and upstreams of tests, by OpenSSL on blocking handshakes: nothing of the gateway's
// own.
//
//   TlsClient client(gw.port(), {.ca = authority.certificate()});
//   EXPECT_EQ(client.ask(get("/")).status, 200);
#pragma once
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/net/tls_openssl.h"

#include "tests/support/certificates.h"
#include "tests/support/peer.h"

namespace sluice::test {

struct TlsWishes {
  std::string host = "localhost";  // SNI, and what the certificate must be for; "" for neither
  std::string ca{};                // PEM; "" believes everything
  std::optional<Issued> identity{};
  int max_version = 0;                     // TLS1_2_VERSION
  std::string alpn{};                      // as on the wire: "\x08http/1.1"
  std::shared_ptr<SSL_SESSION> session{};  // to resume
  std::function<void(SSL*)> then{};        // anything else, before the handshake
};

// Makes a socket one with TLS, as its client. "" or what went wrong; then the socket is closed.
std::string secure(Socket& socket, const TlsWishes& wishes, SSL** ssl = nullptr);

class TlsClient : public RawClient {
 public:
  explicit TlsClient(std::uint16_t port, const TlsWishes& wishes = {});

  // Why there is no connection; "" if there is one.
  const std::string& failure() const noexcept { return failure_; }
  SSL* ssl() const noexcept { return ssl_; }
  bool resumed() const noexcept { return ssl_ && SSL_session_reused(ssl_); }
  // Common name of the server's certificate.
  std::string server() const;
  // The newest session, to resume later. Tickets must have come: ask for something before.
  std::shared_ptr<SSL_SESSION> session() const;

 private:
  struct Made {
    Socket socket;
    std::string failure;
    SSL* ssl = nullptr;
  };
  static Made make(std::uint16_t port, const TlsWishes& wishes);
  explicit TlsClient(Made made);
  std::string failure_;
  SSL* ssl_;
};

// What an upstream with TLS is like.
struct TlsService {
  Issued certificate{};
  std::string client_ca{};  // PEM: clients must have a certificate of it
  int max_version = 0;
  bool h2 = false;  // chooses HTTP/2 (ALPN); else it chooses nothing
};

// A context that makes accepted sockets ones with TLS; any thread.
class TlsAcceptor {
 public:
  explicit TlsAcceptor(const TlsService& service);
  // False, and the socket is closed, if the handshake fails.
  bool secure(Socket& socket, std::string* sni = nullptr, bool* resumed = nullptr) const;

 private:
  net::SslContextPtr context_;
};

}  // namespace sluice::test
