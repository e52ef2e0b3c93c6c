// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_server.h"

#include <openssl/evp.h>

#include <algorithm>
#include <cstring>

#include "gateway/base/strings.h"
#include "gateway/net/ocsp.h"
#include "gateway/net/openssl_setup.h"
#include "gateway/net/tls_transport.h"

namespace sluice::net {
namespace {

using base::Reason;
using base::Result;

// "Intermediate" of Mozilla's server side TLS guidelines, without finite field Diffie-Hellman, which takes
// ten times as long and which every client of TLS 1.2 can do without.
constexpr const char* kServerSuites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:"
    "ECDHE-RSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuites13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
// In the order in which a certificate of a pair is chosen: cheap ones first.
constexpr const char* kSignatures =
    "ECDSA+SHA256:ed25519:ECDSA+SHA384:ECDSA+SHA512:RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:"
    "RSA+SHA256:RSA+SHA384:RSA+SHA512";

// Enough for any chain that is in use. What nobody vouches for is forwarded with every request of its
// connection.
constexpr long kMaxUnverifiedBytes = 16 << 10;

// Without a certificate of the client, a session is worth the keys of its tickets; with one, it must not
// outlive the client's rights for long.
constexpr long kSessionSeconds = 3600;
constexpr long kSessionSecondsWithClient = 300;

// Is the authority on a list of its issuer, which must be among `all` for its list to count?
bool revoked(X509* authority, const std::vector<X509Ptr>& all, const std::vector<X509CrlPtr>& lists) {
  return std::ranges::any_of(lists, [&](const X509CrlPtr& list) {
    X509_REVOKED* entry = nullptr;
    if (X509_NAME_cmp(X509_CRL_get_issuer(list.get()), X509_get_issuer_name(authority)) != 0 ||
        X509_CRL_get0_by_cert(list.get(), &entry, authority) != 1)
      return false;
    return std::ranges::any_of(all, [&](const X509Ptr& issuer) {
      return X509_NAME_cmp(X509_get_subject_name(issuer.get()), X509_CRL_get_issuer(list.get())) == 0 &&
             X509_CRL_verify(list.get(), X509_get0_pubkey(issuer.get())) == 1;
    });
  });
}

// The end of a chain is believed because the operator says so, and revoked() has judged it: of its own
// issuer, which need not be known, no list is asked for. Every other link needs one.
int judge_link(int good, X509_STORE_CTX* store) {
  if (good) return good;
  if (X509_STORE_CTX_get_error_depth(store) != sk_X509_num(X509_STORE_CTX_get0_chain(store)) - 1) return 0;
  switch (X509_STORE_CTX_get_error(store)) {
    case X509_V_ERR_UNABLE_TO_GET_CRL:
    case X509_V_ERR_UNABLE_TO_GET_CRL_ISSUER:
    case X509_V_ERR_CRL_SIGNATURE_FAILURE:
    case X509_V_ERR_CRL_NOT_YET_VALID:
    case X509_V_ERR_CRL_HAS_EXPIRED:
    case X509_V_ERR_DIFFERENT_CRL_SCOPE:
    case X509_V_ERR_CERT_REVOKED:
      X509_STORE_CTX_set_error(store, X509_V_OK);
      return 1;
    default:
      return 0;
  }
}

bool fast_group(int nid) noexcept { return nid == NID_X25519 || nid == NID_X9_62_prime256v1; }

bool shares_fast_signature(SSL* ssl) noexcept {
  int sign = 0, hash = 0;
  int count = SSL_get_shared_sigalgs(ssl, 0, nullptr, nullptr, nullptr, nullptr, nullptr);
  for (int i = 0; i < count; ++i) {
    SSL_get_shared_sigalgs(ssl, i, &sign, &hash, nullptr, nullptr, nullptr);
    if (sign == EVP_PKEY_ED25519 || (sign == EVP_PKEY_EC && hash == NID_sha256)) return true;
  }
  return false;
}

}  // namespace

Result<std::shared_ptr<const TlsServer>> TlsServer::make(TlsServerOptions options,
                                                         std::vector<Certificate> certificates) {
  if (certificates.empty()) return base::fail(Reason::internal, "there is no certificate");
  std::shared_ptr<TlsServer> made(new TlsServer(std::move(options), std::move(certificates)));
  auto built = made->build();
  if (!built) return std::move(built).unexpected();
  return std::shared_ptr<const TlsServer>(std::move(made));
}

Result<void> TlsServer::build() {
  meant_for_ = meant_for();
  const auto& first = certificates_.front();
  std::vector<std::size_t> members{0};
  if (!first.names.empty()) members = members_for(first.names.front());
  // Another certificate of that name and kind would be in its place only if it stood before.
  auto standard = group_of(std::move(members));
  if (!standard) return std::move(standard).unexpected();
  for (const auto& certificate : certificates_) {
    for (const auto& name : certificate.names) {
      if (by_name_.contains(name)) continue;
      auto group = group_of(members_for(name));
      if (!group) return std::move(group).unexpected();
      by_name_.emplace(name, *group);
    }
  }
  return {};
}

// The first certificate of each kind of key that has exactly this name.
std::vector<std::size_t> TlsServer::members_for(std::string_view name) const {
  std::vector<std::size_t> out;
  std::vector<int> kinds;
  for (std::size_t i = 0; i < certificates_.size(); ++i) {
    const auto& c = certificates_[i];
    int kind = EVP_PKEY_get_base_id(c.key.get());
    if (std::ranges::find(c.names, name) == c.names.end() || std::ranges::find(kinds, kind) != kinds.end())
      continue;
    kinds.push_back(kind);
    out.push_back(i);
  }
  return out;
}

Result<const TlsServer::Group*> TlsServer::group_of(std::vector<std::size_t> members) {
  for (const auto& known : groups_)
    if (known->members == members) return static_cast<const Group*>(known.get());
  auto context = make_context(members);
  if (!context) return std::move(context).unexpected();
  groups_.push_back(std::make_unique<Group>(Group{std::move(*context), std::move(members)}));
  return static_cast<const Group*>(groups_.back().get());
}

Result<SslContextPtr> TlsServer::make_context(const std::vector<std::size_t>& members) const {
  SslContextPtr context(SSL_CTX_new(TLS_server_method()));
  if (!context) return openssl_refusal();
  configure(context.get());
  for (std::size_t i : members) {
    const auto& c = certificates_[i];
    if (SSL_CTX_use_certificate(context.get(), c.leaf.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context.get(), c.key.get()) != 1)
      return openssl_refusal();
    for (const auto& link : c.chain)
      if (SSL_CTX_add1_chain_cert(context.get(), link.get()) != 1) return openssl_refusal();
  }
  if (options_.client_auth != ClientAuth::none) ask_for_certificates(context.get());
  ERR_clear_error();
  return context;
}

void TlsServer::configure(SSL_CTX* context) const {
  bool only13 = options_.min_version == TlsVersion::tls_1_3;
  SSL_CTX_set_min_proto_version(context, only13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kServerSuites12);
  SSL_CTX_set_ciphersuites(context, kSuites13);
  SSL_CTX_set1_groups_list(context, kTlsGroups);
  SSL_CTX_set1_sigalgs_list(context, kSignatures);
  SSL_CTX_set_options(context, SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                   SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_OFF);  // tickets keep sessions at the clients
  auto* self = const_cast<TlsServer*>(this);
  SSL_CTX_set_app_data(context, self);
  SSL_CTX_set_tlsext_servername_callback(context, on_name);
  SSL_CTX_set_tlsext_servername_arg(context, self);
  SSL_CTX_set_alpn_select_cb(context, on_alpn, self);
  SSL_CTX_set_cert_cb(context, on_certificate, self);
  SSL_CTX_set_tlsext_status_cb(context, on_status);
  SSL_CTX_set_tlsext_status_arg(context, self);
  SSL_CTX_set_timeout(context, session_seconds());
  if (options_.tickets) {
    SSL_CTX_set_tlsext_ticket_key_evp_cb(context, on_ticket);
    SSL_CTX_set_session_ticket_cb(context, on_ticket_made, on_ticket_opened, self);
  } else {
    SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
    SSL_CTX_set_num_tickets(context, 0);
  }
  SSL_CTX_set_session_id_context(context, reinterpret_cast<const unsigned char*>(meant_for_.data()),
                                 static_cast<unsigned>(meant_for_.size()));
}

// Sessions are good for one listener and for what it demanded of the client when they began. Lists may be
// long, so this is computed once.
std::string TlsServer::meant_for() const {
  std::string meant = options_.name + '\0' + std::to_string(static_cast<int>(options_.client_auth));
  for (const auto& ca : options_.client_ca) meant += byte_sequence(ca.get());
  unsigned char id[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  for (const auto& crl : options_.client_crls) {
    if (X509_CRL_digest(crl.get(), EVP_sha256(), id, &size) == 1)
      meant.append(reinterpret_cast<const char*>(id), size);
  }
  EVP_Digest(meant.data(), meant.size(), id, &size, EVP_sha256(), nullptr);
  return {reinterpret_cast<const char*>(id), size};
}

void TlsServer::ask_for_certificates(SSL_CTX* context) const {
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const auto& ca : options_.client_ca) {
    if (revoked(ca.get(), options_.client_ca, options_.client_crls)) continue;
    X509_STORE_add_cert(store, ca.get());
    SSL_CTX_add_client_CA(context, ca.get());
  }
  for (const auto& crl : options_.client_crls) X509_STORE_add_crl(store, crl.get());
  // Whoever lists an intermediate authority means it, and not the root above it.
  X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  bool lists = !options_.client_crls.empty();
  if (lists) X509_STORE_set_flags(store, X509_V_FLAG_CRL_CHECK | X509_V_FLAG_CRL_CHECK_ALL);
  int mode = SSL_VERIFY_PEER;
  if (options_.client_auth == ClientAuth::optional_no_verify) {
    SSL_CTX_set_cert_verify_callback(context, [](X509_STORE_CTX*, void*) { return 1; }, nullptr);
    SSL_CTX_set_max_cert_list(context, kMaxUnverifiedBytes);
  }
  if (options_.client_auth == ClientAuth::require) mode |= SSL_VERIFY_FAIL_IF_NO_PEER_CERT;
  SSL_CTX_set_verify(context, mode, lists ? judge_link : nullptr);
}

SslPtr TlsServer::accept() const {
  SslPtr ssl(SSL_new(groups_.front()->context.get()));
  if (ssl) SSL_set_accept_state(ssl.get());
  return ssl;
}

const TlsServer::Group* TlsServer::find(std::string_view name) const {
  std::string lower = base::to_lower(name);
  auto exact = by_name_.find(lower);
  if (exact != by_name_.end()) return exact->second;
  auto dot = lower.find('.');
  if (dot == std::string::npos || dot == 0) return nullptr;
  auto wildcard = by_name_.find("*" + lower.substr(dot));
  return wildcard == by_name_.end() ? nullptr : wildcard->second;
}

int TlsServer::on_name(SSL* ssl, int* alert, void* self) {
  const auto& server = *static_cast<const TlsServer*>(self);
  const char* name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
  const Group* group = name ? server.find(name) : nullptr;
  if (group) {
    if (SSL_get_SSL_CTX(ssl) != group->context.get()) SSL_set_SSL_CTX(ssl, group->context.get());
    return SSL_TLSEXT_ERR_OK;
  }
  if (!server.options_.strict_sni) return SSL_TLSEXT_ERR_NOACK;
  TlsTransport::of(ssl).fail_because(name ? "no certificate has the name that the client asked for"
                                          : "the client named no host");
  *alert = SSL_AD_UNRECOGNIZED_NAME;
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// A client that offers protocols of which we have none means something else than HTTP (RFC 7301 section
// 3.2): going on could make it take our answers for those of another service.
int TlsServer::on_alpn(SSL* ssl, const unsigned char** out, unsigned char* out_size, const unsigned char* in,
                       unsigned in_size, void* self) {
  const auto& server = *static_cast<const TlsServer*>(self);
  std::string_view offered(reinterpret_cast<const char*>(in), in_size);
  for (Alpn protocol : server.options_.alpn) {
    std::string_view ours = wire(protocol);
    for (std::size_t at = 0; at < offered.size(); at += 1 + static_cast<unsigned char>(offered[at])) {
      if (offered.substr(at, ours.size()) != ours) continue;
      *out = in + at + 1;
      *out_size = static_cast<unsigned char>(ours.size() - 1);
      return SSL_TLSEXT_ERR_OK;
    }
  }
  TlsTransport::of(ssl).fail_because("the client speaks none of our protocols over TLS");
  return SSL_TLSEXT_ERR_ALERT_FATAL;
}

// Called when the handshake is a full one and is about to compute: the keys are known, nothing has cost
// anything yet.
int TlsServer::on_certificate(SSL* ssl, void* self) {
  const auto& server = *static_cast<const TlsServer*>(self);
  return TlsTransport::of(ssl).may_be_slow() || !server.slow_for(ssl) ? 1 : -1;
}

bool TlsServer::slow_for(SSL* ssl) const {
  const SSL_CTX* context = SSL_get_SSL_CTX(ssl);
  auto group = std::ranges::find_if(groups_, [&](const auto& g) { return g->context.get() == context; });
  if (group == groups_.end()) return true;
  auto slow = [&](std::size_t i) { return certificates_[i].slow(); };
  const auto& members = (*group)->members;
  bool tls13 = SSL_version(ssl) >= TLS1_3_VERSION;
  int curve = tls13 ? static_cast<int>(SSL_get_negotiated_group(ssl)) : SSL_get_shared_group(ssl, 0);
  if (!fast_group(curve) || std::ranges::all_of(members, slow)) return true;
  if (std::ranges::none_of(members, slow)) return false;
  // A pair. The one whose algorithm comes first in our order is used if the client knows it; under TLS 1.2
  // the suites have a say too, and who is that old may take the longer way.
  return !tls13 || !shares_fast_signature(ssl);
}

int TlsServer::on_status(SSL* ssl, void* self) {
  const auto& server = *static_cast<const TlsServer*>(self);
  const X509* used = SSL_get_certificate(ssl);
  for (const auto& c : server.certificates_) {
    if (c.leaf.get() != used) continue;
    std::time_t now = std::time(nullptr);
    auto fetched = c.staple ? c.staple->answer(now) : nullptr;
    const std::string& der = fetched ? fetched->der : c.ocsp;
    if (der.empty() || (!fetched && c.ocsp_expires && c.ocsp_expires <= now)) break;
    void* copy = OPENSSL_memdup(der.data(), der.size());
    if (!copy) break;
    SSL_set_tlsext_status_ocsp_resp(ssl, copy, static_cast<long>(der.size()));  // takes it over
    return SSL_TLSEXT_ERR_OK;
  }
  return SSL_TLSEXT_ERR_NOACK;
}

int TlsServer::on_ticket(SSL* ssl, unsigned char* name, unsigned char* iv, EVP_CIPHER_CTX* cipher,
                         EVP_MAC_CTX* mac, int encrypt) {
  const auto& server = *static_cast<const TlsServer*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  const auto& tickets = *server.options_.tickets;
  if (encrypt) return tickets.seal(name, iv, cipher, mac);
  int opened = tickets.open(name, iv, cipher, mac);
  // Under TLS 1.3 clients use a ticket once (RFC 8446 appendix C.4), and OpenSSL gives a new one only if
  // told.
  return opened == 1 && SSL_version(ssl) >= TLS1_3_VERSION ? 2 : opened;
}

long TlsServer::session_seconds() const noexcept {
  return options_.client_auth == ClientAuth::none ? kSessionSeconds : kSessionSecondsWithClient;
}

// OpenSSL gives each ticket the whole lifetime, also one that follows another: a client that keeps coming
// back would never have to show its certificate again (RFC 8446 section 4.6.1 recommends a limit). So a
// ticket carries when the first handshake was.
int TlsServer::on_ticket_made(SSL* ssl, void* self) {
  SSL_SESSION* session = SSL_get_session(ssl);
  void* known = nullptr;
  std::size_t size = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &known, &size) == 1 && size != 0) return 1;
  std::time_t begun = static_cast<const TlsServer*>(self)->options_.now();
  return SSL_SESSION_set1_ticket_appdata(session, &begun, sizeof begun);
}

SSL_TICKET_RETURN TlsServer::on_ticket_opened(SSL* /*ssl*/, SSL_SESSION* session,
                                              const unsigned char* /*name*/, std::size_t /*name_size*/,
                                              SSL_TICKET_STATUS status, void* self) {
  if (status != SSL_TICKET_SUCCESS && status != SSL_TICKET_SUCCESS_RENEW)
    return SSL_TICKET_RETURN_IGNORE_RENEW;
  const auto& server = *static_cast<const TlsServer*>(self);
  void* known = nullptr;
  std::size_t size = 0;
  std::time_t begun = 0;
  if (SSL_SESSION_get0_ticket_appdata(session, &known, &size) == 1 && size == sizeof begun)
    std::memcpy(&begun, known, sizeof begun);
  if (server.options_.now() - begun > server.session_seconds()) return SSL_TICKET_RETURN_IGNORE_RENEW;
  return status == SSL_TICKET_SUCCESS ? SSL_TICKET_RETURN_USE : SSL_TICKET_RETURN_USE_RENEW;
}

}  // namespace sluice::net
