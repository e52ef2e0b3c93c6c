// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/stored_key.h"

#include "gateway/base/hex.h"
#include "gateway/jose/digest.h"

namespace sluice::stores {

std::string stored_key(std::string_view key, bool confidential) {
  constexpr std::size_t kLongestKey = 128, kShown = 16;
  if (!confidential && key.size() <= kLongestKey) return std::string(key);
  auto digest = jose::sha256(key);
  return base::to_hex(jose::view(digest).substr(0, kShown));
}

}  // namespace sluice::stores
