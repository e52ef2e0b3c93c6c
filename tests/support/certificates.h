// SPDX-License-Identifier: Apache-2.0
// Certificates made at run time, for tests of TLS: an authority, what it issues, what it revokes, and what it
// says about them by OCSP.
#pragma once
#include <memory>
#include <string>
#include <vector>

#include "gateway/net/tls_certificate.h"
#include "gateway/net/tls_facts.h"

namespace sluice::test {

struct Wanted {
  std::vector<std::string> names = {"localhost"};
  std::string kind = "P-256";  // see net::make_key
  int expires_in = 30;         // days
  bool client = false;
  std::string common_name = "test";
  std::string responder{};    // URL for OCSP
  bool must_staple = false;   // RFC 7633
  std::string uri{};          // in place of the names, such as spiffe://example.com/orders
  bool ocsp_signing = false;  // may sign OCSP responses in place of its issuer
};

// A certificate with its key, as PEM.
struct Issued {
  std::string certificate, key;
  net::Certificate load() const;
};

// The certificate of a client with these alternative names, as OpenSSL writes them ("URI:spiffe://a/b,DNS:c";
// "" for none), and this common name. Nobody else has signed it.
net::X509Ptr client_certificate(const std::string& alternative, const std::string& common_name);
// The same as a connection knows it.
std::unique_ptr<const net::ClientCertificate> shown_certificate(const std::string& alternative,
                                                                const std::string& common_name,
                                                                bool verified);

// What an OCSP answer says. The default is a good one; times in seconds from now.
struct OcspSays {
  bool revoked = false;
  long begins = -24 * 60 * 60, ends = 30 * 24 * 60 * 60;  // 0: no end
  bool by_sha256 = false;                                 // how the certificate is named; else by SHA-1
};

class Authority {
 public:
  explicit Authority(std::string name = "Test Authority");
  // One that `above` vouches for.
  Authority(std::string name, const Authority& above);

  Issued issue(const Wanted& wanted = {}) const;
  // Our own certificate.
  const std::string& certificate() const noexcept { return pem_; }
  std::vector<net::X509Ptr> load() const;
  // With its key.
  Issued own() const;
  // PEM of a revocation list with these on it. `expires_in`: days.
  std::string revoke(const std::vector<Issued>& revoked, int expires_in = 30) const;
  // DER of an OCSP response about the certificate, signed by us.
  std::string vouch(const Issued& issued, const OcspSays& says = {}) const;
  // The same, signed by another.
  std::string vouch(const Issued& issued, const OcspSays& says, const Issued& signer) const;

 private:
  net::KeyPtr key_;
  net::X509Ptr own_;
  std::string pem_;
};

}  // namespace sluice::test
