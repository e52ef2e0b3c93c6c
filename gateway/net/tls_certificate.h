// SPDX-License-Identifier: Apache-2.0
// Certificates as their files hold them, read and compared with their keys. Used when contexts are built;
// messages name what is wrong and never show a byte of a key.
#pragma once
#include <openssl/evp.h>

#include <ctime>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/tls_openssl.h"

namespace sluice::net {

class Staple;

// A leaf certificate with what is sent along with it and the key that proves it.
struct Certificate {
  X509Ptr leaf;
  std::vector<X509Ptr> chain;
  KeyPtr key;
  std::string ocsp;                      // a DER response to staple; "" for none
  std::shared_ptr<const Staple> staple;  // or where fetched ones are; null for none
  std::time_t ocsp_expires = 0;          // when it must not be sent any more; 0 for never
  std::vector<std::string> names;        // of hosts, lower case, as "example.com" or "*.example.com"

  std::time_t begins() const noexcept;
  std::time_t expires() const noexcept;
  // Does signing with it take long enough to hold up a worker? See crypto_threads.h.
  bool slow() const noexcept;
};

// All from the contents of PEM files. Errors are Reason::internal and complete "cert.pem: ...".
base::Result<std::vector<X509Ptr>> parse_certificates(std::string_view pem);
base::Result<KeyPtr> parse_key(std::string_view pem);
base::Result<std::vector<X509CrlPtr>> parse_crls(std::string_view pem);
// The leaf first. An error if the key is another one's.
base::Result<Certificate> make_certificate(std::vector<X509Ptr> certificates, KeyPtr key);
// A DER response for this certificate (of the issuer that stands in its chain, if there is one), such as
// `openssl ocsp -respout` writes; the time at which it expires. Checks what it is about, not what it says or
// who signed it: see vouches().
base::Result<std::time_t> check_ocsp(std::string_view der, const Certificate& certificate);

// The host names that a certificate is for: DNS names of its SAN or, without any SAN, its common name.
std::vector<std::string> host_names(X509* certificate);
// One of the names that a certificate gives its owner.
struct CertificateName {
  enum class Kind : unsigned char {
    uri,
    dns,
    email,
    cn
  };  // cn: of the subject; the others: alternative names
  Kind kind = Kind::uri;
  std::string text;  // DNS names in lower case
  bool operator==(const CertificateName&) const = default;
};
// All of them, alternative names first. Names with a NUL or a control character, which programs read in more
// than one way, are left out.
std::vector<CertificateName> names_in(X509* certificate);
std::string subject(X509* certificate);
// Of a revocation list: whose it is, and until when it is good; 0 for ever.
std::string issuer_of(const X509_CRL* list);
std::time_t expiry_of(const X509_CRL* list) noexcept;
// Base64 of its DER between colons: a Byte Sequence (RFC 8941 section 3.3.5).
std::string byte_sequence(X509* certificate);
// The certificate that byte_sequence() wrote; null if the text is none.
X509Ptr from_byte_sequence(std::string_view text);

}  // namespace sluice::net
