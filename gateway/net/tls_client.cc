// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_client.h"

#include <openssl/x509v3.h>

#include "gateway/net/address.h"
#include "gateway/net/openssl_setup.h"
#include "gateway/net/tls_transport.h"

namespace sluice::net {
namespace {

using base::Reason;
using base::Result;

constexpr const char* kClientSuites12 = "ECDHE+AESGCM:ECDHE+CHACHA20";

bool has_uri(X509* certificate, std::string_view uri) {
  auto* names =
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr));
  bool found = false;
  for (int i = 0; i < sk_GENERAL_NAME_num(names); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names, i);
    if (name->type != GEN_URI) continue;
    const ASN1_IA5STRING* text = name->d.uniformResourceIdentifier;
    found |= uri == std::string_view(reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
                                     static_cast<std::size_t>(ASN1_STRING_length(text)));
  }
  GENERAL_NAMES_free(names);
  return found;
}

bool is_named(X509* certificate, const std::string& name) {
  if (name.find("://") != std::string::npos) return has_uri(certificate, name);
  if (Address::parse(name, 0)) return X509_check_ip_asc(certificate, name.c_str(), 0) == 1;
  return X509_check_host(certificate, name.data(), name.size(), X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS,
                         nullptr) == 1;
}

// Where an SSL keeps its hold on the pool's sessions: a shared_ptr of its own, freed with it.
void free_sessions(void*, void* held, CRYPTO_EX_DATA*, int, long, void*) {
  delete static_cast<std::shared_ptr<TlsSessions>*>(held);
}
int sessions_slot() {
  static const int slot = SSL_get_ex_new_index(0, nullptr, nullptr, nullptr, free_sessions);
  return slot;
}

}  // namespace

Result<std::shared_ptr<const TlsClient>> TlsClient::make(TlsClientOptions options) {
  std::shared_ptr<TlsClient> made(new TlsClient(std::move(options)));
  auto built = made->build();
  if (!built) return std::move(built).unexpected();
  return std::shared_ptr<const TlsClient>(std::move(made));
}

Result<void> TlsClient::build() {
  context_.reset(SSL_CTX_new(TLS_client_method()));
  if (!context_) return openssl_refusal();
  SSL_CTX* context = context_.get();
  bool only13 = options_.min_version == TlsVersion::tls_1_3;
  SSL_CTX_set_min_proto_version(context, only13 ? TLS1_3_VERSION : TLS1_2_VERSION);
  SSL_CTX_set_cipher_list(context, kClientSuites12);
  SSL_CTX_set1_groups_list(context, kTlsGroups);
  SSL_CTX_set_options(context, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_NO_AUTO_CHAIN);
  SSL_CTX_set_read_ahead(context, 1);
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context, on_session);
  SSL_CTX_set_cert_cb(context, on_certificate, this);
  if (const auto& us = options_.identity) {
    if (SSL_CTX_use_certificate(context, us->leaf.get()) != 1 ||
        SSL_CTX_use_PrivateKey(context, us->key.get()) != 1)
      return openssl_refusal();
    for (const auto& link : us->chain)
      if (SSL_CTX_add1_chain_cert(context, link.get()) != 1) return openssl_refusal();
  }
  std::string protocols;
  for (Alpn p : options_.alpn) protocols += wire(p);
  SSL_CTX_set_alpn_protos(context, reinterpret_cast<const unsigned char*>(protocols.data()),
                          static_cast<unsigned>(protocols.size()));
  SSL_CTX_set_app_data(context, this);
  bool own_names = options_.verify && !options_.names.empty();
  SSL_CTX_set_verify(context, options_.verify ? SSL_VERIFY_PEER : SSL_VERIFY_NONE,
                     own_names ? judge_link : nullptr);
  X509_STORE* store = SSL_CTX_get_cert_store(context);
  for (const auto& ca : options_.ca) X509_STORE_add_cert(store, ca.get());
  if (!options_.ca.empty()) X509_STORE_set_flags(store, X509_V_FLAG_PARTIAL_CHAIN);
  if (options_.verify && options_.ca.empty() && SSL_CTX_set_default_verify_paths(context) != 1)
    return openssl_refusal();
  ERR_clear_error();
  return {};
}

SslPtr TlsClient::connect(const std::string& host, const std::shared_ptr<TlsSessions>& sessions,
                          Alpn only) const {
  SslPtr ssl(SSL_new(context_.get()));
  if (!ssl) return ssl;
  SSL_set_connect_state(ssl.get());
  bool is_address = Address::parse(host, 0).has_value();
  // RFC 6066 section 3: addresses are no names.
  const std::string& name = options_.sni.empty() ? host : options_.sni;
  if (!options_.sni.empty() || !is_address) SSL_set_tlsext_host_name(ssl.get(), name.c_str());
  if (options_.verify && !expect(ssl.get(), host, is_address)) ssl.reset();
  if (ssl && only != Alpn::none) {
    auto offer = wire(only);
    SSL_set_alpn_protos(ssl.get(), reinterpret_cast<const unsigned char*>(offer.data()),
                        static_cast<unsigned>(offer.size()));
  }
  if (ssl && sessions) {
    if (sessions->last()) SSL_set_session(ssl.get(), sessions->last());
    SSL_set_ex_data(ssl.get(), sessions_slot(), new std::shared_ptr<TlsSessions>(sessions));
  }
  ERR_clear_error();
  return ssl;
}

// OpenSSL itself would want a host and an address where either will do, and knows no URIs.
int TlsClient::judge_link(int good, X509_STORE_CTX* store) {
  if (!good || X509_STORE_CTX_get_error_depth(store) != 0) return good;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  const auto* self = static_cast<const TlsClient*>(SSL_CTX_get_app_data(SSL_get_SSL_CTX(ssl)));
  X509* leaf = X509_STORE_CTX_get_current_cert(store);
  for (const auto& name : self->options_.names)
    if (is_named(leaf, name)) return 1;
  X509_STORE_CTX_set_error(store, X509_V_ERR_HOSTNAME_MISMATCH);
  return 0;
}

bool TlsClient::expect(SSL* ssl, const std::string& host, bool is_address) const {
  if (!options_.names.empty()) return true;  // judge_link() does
  SSL_set_hostflags(ssl, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  if (is_address && options_.sni.empty())
    return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(ssl), host.c_str()) == 1;
  return SSL_set1_host(ssl, options_.sni.empty() ? host.c_str() : options_.sni.c_str()) == 1;
}

// A ticket has come. In TLS 1.3 they come at any time after the handshake, while the connection is read.
int TlsClient::on_session(SSL* ssl, SSL_SESSION* session) {
  auto* held = static_cast<std::shared_ptr<TlsSessions>*>(SSL_get_ex_data(ssl, sessions_slot()));
  // On another thread it would come between the pool and its sessions; the next handshake brings one too.
  if (!held || !SSL_SESSION_is_resumable(session) || TlsTransport::of(ssl).lent()) return 0;
  (*held)->keep(session);
  return 1;  // ours now
}

int TlsClient::on_certificate(SSL* ssl, void* self) {
  const auto& us = static_cast<const TlsClient*>(self)->options_.identity;
  return !us || !us->slow() || TlsTransport::of(ssl).may_be_slow() ? 1 : -1;
}

}  // namespace sluice::net
