// SPDX-License-Identifier: Apache-2.0
// TlsClient: how we speak TLS to the targets of an upstream: whom we believe, who we say we are. Immutable,
// shared by all workers. TlsSessions: what one pool remembers of a target so that further handshakes are
// short.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/tls_certificate.h"
#include "gateway/net/tls_facts.h"
#include "gateway/net/tls_server.h"

namespace sluice::net {

struct TlsClientOptions {
  TlsVersion min_version = TlsVersion::tls_1_2;
  bool verify = true;
  std::vector<X509Ptr> ca;  // empty: the system's
  // Host names, addresses and URIs of which the certificate must have one; empty: the host asked.
  std::vector<std::string> names;
  std::vector<Alpn> alpn = {Alpn::http_1_1};
  std::string sni;                              // empty: the host asked, unless that is an address
  std::shared_ptr<const Certificate> identity;  // null: none
};

// The last session with a target, of one worker. Owned by the pool and by the connections that may still
// bring tickets.
class TlsSessions {
 public:
  SSL_SESSION* last() const noexcept { return last_.get(); }
  void keep(SSL_SESSION* session) noexcept { last_.reset(session); }

 private:
  SslSessionPtr last_;
};

class TlsClient {
 public:
  static base::Result<std::shared_ptr<const TlsClient>> make(TlsClientOptions options);
  TlsClient(const TlsClient&) = delete;
  TlsClient& operator=(const TlsClient&) = delete;

  // For a connection to `host`, a name or an IP address; in connect state, see handshake(). Null when out of
  // memory.
  // `only`: the one protocol to offer instead of those of the options.
  SslPtr connect(const std::string& host, const std::shared_ptr<TlsSessions>& sessions,
                 Alpn only = Alpn::none) const;

 private:
  explicit TlsClient(TlsClientOptions options) : options_(std::move(options)) {}
  base::Result<void> build();
  bool expect(SSL* ssl, const std::string& host, bool is_address) const;
  static int judge_link(int good, X509_STORE_CTX* store);
  static int on_session(SSL* ssl, SSL_SESSION* session);
  static int on_certificate(SSL* ssl, void* self);

  TlsClientOptions options_;
  SslContextPtr context_;
};

}  // namespace sluice::net
