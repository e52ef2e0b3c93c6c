// SPDX-License-Identifier: Apache-2.0
// OCSP (RFC 6960): what an authority's responder is asked about one of our certificates, what is believed of
// its answer, and the answer that handshakes staple. How and when is asked is not known here.
#pragma once
#include <ctime>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/net/tls_openssl.h"

namespace sluice::net {

// Where a responder listens, as its certificate names it.
struct OcspResponder {
  std::string host, port, target, url;
};
// Only http:// URLs: a responder by https:// would need a certificate that needs a responder.
std::optional<OcspResponder> parse_responder(std::string_view url);
// The first one that the certificate names and that can be asked.
std::optional<OcspResponder> responder_of(X509* certificate);
// Is the issuer's key the one that has signed it?
bool issued_by(X509* certificate, X509* issuer);
// Does it say that it must not be believed without a staple (RFC 7633)?
bool must_staple(X509* certificate);

struct OcspAnswer {
  std::string der;
  std::time_t expires = 0;
};
// From its thisUpdate, what an answer that does not say when it ends is good for: "newer information is
// available all the time" (RFC 6960 section 4.2.2.1).
inline constexpr std::time_t kUndatedAnswer = 3600;

// In DER; "" when out of memory. Without a nonce, so that responders can give answers that they have made.
std::string ocsp_question(X509* certificate, X509* issuer);
// Good, about this certificate, and signed by its issuer or by whom the issuer has named for that, in date or
// not; the error completes "the answer ...".
base::Result<void> vouches(std::string_view der, X509* certificate, X509* issuer);
// The same, and in date.
base::Result<OcspAnswer> believe_ocsp(std::string_view der, X509* certificate, X509* issuer, std::time_t now);

// One certificate whose answers are fetched. What is fixed may be read, and the answer exchanged, on any
// thread.
class Staple {
 public:
  Staple(std::string name, X509* certificate, X509* issuer, OcspResponder responder);

  const std::string& name() const noexcept { return name_; }  // for logs
  X509* certificate() const noexcept { return certificate_.get(); }
  X509* issuer() const noexcept { return issuer_.get(); }
  const OcspResponder& responder() const noexcept { return responder_; }

  void put(OcspAnswer answer);
  // Null before the first one, and when the last one has expired.
  std::shared_ptr<const OcspAnswer> answer(std::time_t now) const;

 private:
  std::string name_;
  X509Ptr certificate_, issuer_;
  OcspResponder responder_;
  mutable std::mutex mutex_;
  std::shared_ptr<const OcspAnswer> answer_;
};

}  // namespace sluice::net
