// SPDX-License-Identifier: Apache-2.0
// TlsConfig: what an operator writes for TLS on a listener. Read by the server layer, which loads the files.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/net/tls_server.h"

namespace sluice::front {

struct CertConfig {
  std::string cert, key;      // paths
  std::string ocsp = "auto";  // or "off", or a path
  bool operator==(const CertConfig&) const = default;
};
void describe(config::Description<CertConfig>& d);

enum class ClientAuthMode : unsigned char { require, optional, optional_no_verify };
void describe(config::Enumeration<ClientAuthMode>& e);

struct ClientAuthConfig {
  ClientAuthMode mode = ClientAuthMode::require;
  std::string ca, crl;  // paths
  bool chain = false;
  bool operator==(const ClientAuthConfig&) const = default;
};
void describe(config::Description<ClientAuthConfig>& d);

struct TlsConfig {
  std::vector<CertConfig> certs;
  net::TlsVersion min_version = net::TlsVersion::tls_1_2;
  bool strict_sni = false;
  bool resumption = true;
  std::string ticket_keys;  // path
  std::optional<ClientAuthConfig> client_auth;
  config::Duration handshake_timeout = std::chrono::seconds(10);
  bool operator==(const TlsConfig&) const = default;
};
void describe(config::Description<TlsConfig>& d);

enum class RedirectTo : unsigned char { https };
void describe(config::Enumeration<RedirectTo>& e);

// A listener that sends every client elsewhere.
struct ListenerRedirect {
  RedirectTo to = RedirectTo::https;
  std::uint16_t port = 443;
  std::uint16_t status = 308;
  bool operator==(const ListenerRedirect&) const = default;
};
void describe(config::Description<ListenerRedirect>& d);

}  // namespace sluice::front
