// SPDX-License-Identifier: Apache-2.0
// KeyHash: names the key of a counter by 64 bits. SipHash-1-3 (Aumasson and Bernstein, 2012) under a secret
// of the process, because clients choose what goes in: whoever could make two keys meet could use up another
// one's limit.
#pragma once
#include <cstdint>
#include <string_view>

namespace sluice::stores {

class KeyHash {
 public:
  // A secret from the system.
  KeyHash() noexcept;
  // For tests.
  KeyHash(std::uint64_t k0, std::uint64_t k1) noexcept : k0_(k0), k1_(k1) {}

  // Of `text`, for the counter that `salt` stands for.
  std::uint64_t operator()(std::string_view text, std::uint64_t salt = 0) const noexcept;

 private:
  std::uint64_t k0_, k1_;
};

}  // namespace sluice::stores
