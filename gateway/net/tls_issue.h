// SPDX-License-Identifier: Apache-2.0
// Making certificates: for `sluice dev-cert` and for tests. What serves others than oneself needs a real
// authority.
#pragma once
#include <ctime>
#include <string>
#include <vector>

#include "gateway/net/tls_openssl.h"

namespace sluice::net {

struct CertificateRequest {
  std::string common_name;
  std::vector<std::string> names;  // host names and IP addresses
  bool authority = false;          // may issue others
  bool client = false;             // for a client instead of a server
  std::time_t begins = 0, expires = 0;
};

// "P-256", "P-384", "ED25519", "RSA" (2048 bits). Null for others.
KeyPtr make_key(const std::string& kind);
// Signed by `issuer` with `issuer_key`, or by `key` itself if `issuer` is null. Null, with OpenSSL's reason
// in its queue, when a name cannot stand in a certificate.
X509Ptr issue(const CertificateRequest& request, EVP_PKEY* key, X509* issuer, EVP_PKEY* issuer_key);
std::string to_pem(X509* certificate);
std::string to_pem(EVP_PKEY* private_key);

}  // namespace sluice::net
