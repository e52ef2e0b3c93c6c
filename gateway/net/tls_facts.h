// SPDX-License-Identifier: Apache-2.0
// TlsFacts: what a handshake has settled about a connection, for logs, routes and those who must choose what
// to speak on it. Lives in its TlsTransport and is complete when the handshake is.
#pragma once
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

namespace sluice::net {

enum class Alpn : std::uint8_t { none, http_1_1, h2 };

// As it stands in a list of protocols (RFC 7301 section 3.1); not for none.
constexpr std::string_view wire(Alpn protocol) {
  return protocol == Alpn::h2 ? std::string_view("\2h2") : std::string_view("\x08http/1.1");
}

// The certificate of a client that proved to have its key, as the values of RFC 9440.
struct ClientCertificate {
  std::string field;      // Client-Cert: the certificate as a Byte Sequence
  std::string chain;      // Client-Cert-Chain: what else the client sent, as a List; "" for nothing
  bool verified = false;  // false where the listener takes any (ClientAuth::optional_no_verify)
};

struct TlsFacts {
  std::string_view version;  // "TLSv1.3"
  std::string_view cipher;   // "TLS_AES_128_GCM_SHA256"
  std::string_view sni;      // as the client sent it; "" if it did not
  Alpn alpn = Alpn::none;
  bool resumed = false;
  std::unique_ptr<const ClientCertificate> client;  // null without one
};

}  // namespace sluice::net
