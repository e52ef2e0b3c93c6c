// SPDX-License-Identifier: Apache-2.0
// Sealer: makes texts that only the gateway can read and nobody can change, for cookies: AES-256-GCM under
// keys that are made of the operator's secrets. The first secret seals, all of them open, so that secrets can
// be changed without ending sessions. Immutable, may be shared by all threads.
//
// Each text has a key and an IV of its own, made of 28 random bytes: no number of texts under one secret
// comes near the limits of GCM (NIST SP 800-38D section 8.3). The construction is that of "derive key" modes
// such as C2SP's XAES-256-GCM, with HMAC-SHA256 in the place of CMAC:
//   secret key   HKDF-SHA256 (RFC 5869) of the secret, 32 bytes
//   text         base64url of: key id (4) | nonce (16) | IV (12) | ciphertext | tag (16)
//   its key      HMAC-SHA256(secret key, nonce)
#pragma once
#include <openssl/evp.h>

#include <array>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/jose/digest.h"

namespace sluice::oidc {

class Sealer {
 public:
  // Bytes that sealing adds, before base64url.
  static constexpr std::size_t kOverhead = 4 + 16 + 12 + 16;

  // At least one secret.
  explicit Sealer(const std::vector<std::string>& secrets);

  // `bound` says what the text is and whose, such as the name of its cookie: with another one it does not
  // open.
  std::string seal(std::string_view plain, std::string_view bound) const;
  // nullopt for whatever was not sealed like that, with one of the secrets.
  std::optional<std::string> open(std::string_view sealed, std::string_view bound) const;

 private:
  struct Key {
    std::array<char, 4> id;
    jose::Digest key;
  };
  struct FreeCipher {
    void operator()(EVP_CIPHER* c) const noexcept { EVP_CIPHER_free(c); }
  };

  static Key key_of(const std::string& secret);

  std::unique_ptr<EVP_CIPHER, FreeCipher> cipher_;
  std::vector<Key> keys_;
};

// `bytes` random bytes in base64url. Ends the process if the system has none.
std::string random_text(std::size_t bytes);

}  // namespace sluice::oidc
