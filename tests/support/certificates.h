// SPDX-License-Identifier: Apache-2.0
// Certificates made at run time, for tests of TLS: an authority, what it issues, what it revokes, and what it
// says about them by OCSP.
#pragma once
#include <string>
#include <vector>

#include "gateway/net/tls_certificate.h"

namespace sluice::test {

struct Wanted {
  std::vector<std::string> names = {"localhost"};
  std::string kind = "P-256";  // see net::make_key
  int expires_in = 30;         // days
  bool client = false;
  std::string common_name = "test";
};

// A certificate with its key, as PEM.
struct Issued {
  std::string certificate, key;
  net::Certificate load() const;
};

class Authority {
 public:
  explicit Authority(std::string name = "Test Authority");

  Issued issue(const Wanted& wanted = {}) const;
  // Our own certificate.
  const std::string& certificate() const noexcept { return pem_; }
  std::vector<net::X509Ptr> load() const;
  // PEM of a revocation list with these on it.
  std::string revoke(const std::vector<Issued>& revoked) const;
  // DER of a response that says the certificate is good, for some days.
  std::string vouch(const Issued& issued) const;

 private:
  net::KeyPtr key_;
  net::X509Ptr own_;
  std::string pem_;
};

}  // namespace sluice::test
