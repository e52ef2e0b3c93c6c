// SPDX-License-Identifier: Apache-2.0
// KeyHash: 64 bits that stand for a text. SipHash-1-3 (Aumasson and Bernstein, 2012) under a secret of the
// process, because clients and services choose what goes in: whoever could make two keys meet could use up
// another one's limit, and whoever could make many meet would turn a table into a list.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string_view>

namespace sluice::base {

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

// For tables of texts from outside: under one secret for the whole process.
struct TextHash {
  using is_transparent = void;
  std::size_t operator()(std::string_view text) const noexcept;
};

}  // namespace sluice::base
