// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stored_key.h"

#include <openssl/evp.h>

#include "gateway/base/hex.h"

namespace sluice::stores {

std::string stored_key(std::string_view key, bool confidential) {
  constexpr std::size_t kLongestKey = 128, kShown = 16;
  if (!confidential && key.size() <= kLongestKey) return std::string(key);
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(key.data(), key.size(), hash, &size, EVP_sha256(), nullptr);
  return base::to_hex({reinterpret_cast<const char*>(hash), kShown});
}

}  // namespace sluice::stores
