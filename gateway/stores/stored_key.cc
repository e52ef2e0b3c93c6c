// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stored_key.h"

#include <openssl/evp.h>

namespace sluice::stores {

std::string stored_key(std::string_view key, bool confidential) {
  constexpr std::size_t kLongestKey = 128, kShown = 16;
  if (!confidential && key.size() <= kLongestKey) return std::string(key);
  constexpr std::string_view kDigits = "0123456789abcdef";
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(key.data(), key.size(), hash, &size, EVP_sha256(), nullptr);
  std::string out;
  for (std::size_t i = 0; i < kShown; ++i) {
    out.push_back(kDigits[hash[i] >> 4]);
    out.push_back(kDigits[hash[i] & 15]);
  }
  return out;
}

}  // namespace sluice::stores
