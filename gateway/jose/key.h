// SPDX-License-Identifier: Apache-2.0
// Keys that check signatures. Each kind of key is a type of its own that checks the schemes of its family
// alone, so that a public key can never be taken for the secret of an HMAC, nor a key of one curve for
// another's. Immutable, may be shared by all threads.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <variant>

#include "gateway/base/result.h"
#include "gateway/jose/algorithm.h"
#include "gateway/net/tls_openssl.h"

namespace sluice::jose {

// What OpenSSL has prepared of one key and scheme, so that a check does not look up anything.
class Prepared;

class RsaKey {
 public:
  static constexpr int kMinBits = 2048;
  static constexpr int kMaxBits = 8192;  // larger ones take a worker's time and protect nobody better
  explicit RsaKey(net::KeyPtr key);
  bool checks(RsaScheme scheme, std::string_view text, std::string_view signature) const;

 private:
  std::shared_ptr<const Prepared> schemes_[6];
};

class EcKey {
 public:
  EcKey(net::KeyPtr key, Curve curve);
  Curve curve() const noexcept { return curve_; }
  // The signature is R and S, each as long as the curve asks for (RFC 7518 section 3.4).
  bool checks(EcScheme scheme, std::string_view text, std::string_view signature) const;

 private:
  Curve curve_;
  std::shared_ptr<const Prepared> scheme_;
};

class EdKey {
 public:
  explicit EdKey(net::KeyPtr key);
  bool checks(EdScheme scheme, std::string_view text, std::string_view signature) const;

 private:
  std::shared_ptr<const Prepared> scheme_;
};

class HmacKey {
 public:
  explicit HmacKey(std::string secret) : secret_(std::move(secret)) {}
  // False for a secret that is shorter than the hash (RFC 7518 section 3.2).
  bool checks(HmacScheme scheme, std::string_view text, std::string_view signature) const;
  std::size_t size() const noexcept { return secret_.size(); }

 private:
  std::string secret_;
};

using Key = std::variant<RsaKey, EcKey, EdKey, HmacKey>;

// Is it of the family that the algorithm is for?
bool fits(const Key& key, Algorithm algorithm) noexcept;
// Has the key signed `text`? False, too, if it is of another family than the algorithm.
bool checks(const Key& key, Algorithm algorithm, std::string_view text, std::string_view signature);

// A public key: RSA, EC on one of the curves above, Ed25519 or Ed448; refuses weak ones. The error completes
// "the key ...".
base::Result<Key> make_key(net::KeyPtr key);
// The first PUBLIC KEY or CERTIFICATE of a PEM text. A private key is refused: it has no business here.
base::Result<Key> key_of_pem(std::string_view pem);

}  // namespace sluice::jose
