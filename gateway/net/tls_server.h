// SPDX-License-Identifier: Apache-2.0
// TlsServer: how a listener speaks TLS: its certificates chosen by name and by what the client can verify,
// versions and suites, tickets, stapled OCSP responses, client certificates. Immutable, shared by all workers
// and by the connections that were made with it; a reload makes another one.
#pragma once
#include <cstdint>
#include <ctime>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/tls_certificate.h"
#include "gateway/net/tls_facts.h"
#include "gateway/net/tls_tickets.h"

namespace sluice::net {

enum class TlsVersion : std::uint8_t { tls_1_2, tls_1_3 };
// With optional_no_verify a certificate says no more than that the client has its key.
enum class ClientAuth : std::uint8_t { none, optional, optional_no_verify, require };

struct TlsServerOptions {
  std::string name;  // of the listener: tickets of others are not taken
  TlsVersion min_version = TlsVersion::tls_1_2;
  bool strict_sni = false;
  std::vector<Alpn> alpn = {Alpn::http_1_1};  // the one liked best first
  std::shared_ptr<const TicketKeys> tickets;  // null: no resumption
  ClientAuth client_auth = ClientAuth::none;
  std::vector<X509Ptr> client_ca;
  std::vector<X509CrlPtr> client_crls;
  std::time_t (*now)() = [] { return std::time(nullptr); };  // for the age of sessions
};

class TlsServer {
 public:
  // At least one certificate; the first one serves clients that name no host or one that no certificate has.
  static base::Result<std::shared_ptr<const TlsServer>> make(TlsServerOptions options,
                                                             std::vector<Certificate> certificates);
  TlsServer(const TlsServer&) = delete;
  TlsServer& operator=(const TlsServer&) = delete;

  // For a new connection: in accept state, see handshake(). Null when out of memory.
  SslPtr accept() const;
  const TlsServerOptions& options() const noexcept { return options_; }

 private:
  // Certificates for the same names, of different kinds of keys; OpenSSL chooses by what the client can
  // verify.
  struct Group {
    SslContextPtr context;
    std::vector<std::size_t> members;
  };

  TlsServer(TlsServerOptions options, std::vector<Certificate> certificates)
      : options_(std::move(options)), certificates_(std::move(certificates)) {}
  base::Result<void> build();
  base::Result<SslContextPtr> make_context(const std::vector<std::size_t>& members) const;
  std::string meant_for() const;
  void configure(SSL_CTX* context) const;
  void ask_for_certificates(SSL_CTX* context) const;
  std::vector<std::size_t> members_for(std::string_view name) const;
  base::Result<const Group*> group_of(std::vector<std::size_t> members);
  const Group* find(std::string_view name) const;
  bool slow_for(SSL* ssl) const;
  long session_seconds() const noexcept;

  static int on_name(SSL* ssl, int* alert, void* self);
  static int on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                     unsigned in_size, void* self);
  static int on_certificate(SSL* ssl, void* self);
  static int on_status(SSL* ssl, void* self);
  static int on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                       EVP_MAC_CTX* mac, int encrypt);
  static int on_ticket_made(SSL* ssl, void* self);
  static SSL_TICKET_RETURN on_ticket_opened(SSL* ssl, SSL_SESSION* session, const unsigned char* name,
                                            std::size_t name_size, SSL_TICKET_STATUS status, void* self);

  TlsServerOptions options_;
  std::vector<Certificate> certificates_;
  std::string meant_for_;                       // by meant_for(), as each context needs it
  std::vector<std::unique_ptr<Group>> groups_;  // the first one is that of the first certificate
  std::map<std::string, const Group*, std::less<>> by_name_;  // wildcards as "*.example.com"
};

}  // namespace sluice::net
