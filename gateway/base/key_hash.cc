// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/key_hash.h"

#include <bit>
#include <cstring>
#include <random>

namespace sluice::base {
namespace {

struct State {
  std::uint64_t v0, v1, v2, v3;

  void round() noexcept {
    v0 += v1;
    v1 = std::rotl(v1, 13) ^ v0;
    v0 = std::rotl(v0, 32);
    v2 += v3;
    v3 = std::rotl(v3, 16) ^ v2;
    v0 += v3;
    v3 = std::rotl(v3, 21) ^ v0;
    v2 += v1;
    v1 = std::rotl(v1, 17) ^ v2;
    v2 = std::rotl(v2, 32);
  }
  void take(std::uint64_t word) noexcept {
    v3 ^= word;
    round();
    v0 ^= word;
  }
};

std::uint64_t word_of(const char* bytes, std::size_t n) noexcept {
  std::uint64_t word = 0;
  if (n != 0) std::memcpy(&word, bytes, n);
  return word;
}

}  // namespace

KeyHash::KeyHash() noexcept {
  std::random_device device;
  auto word = [&] { return std::uint64_t{device()} << 32 | device(); };
  k0_ = word();
  k1_ = word();
}

std::uint64_t KeyHash::operator()(std::string_view text, std::uint64_t salt) const noexcept {
  State s{k0_ ^ 0x736f6d6570736575, k1_ ^ 0x646f72616e646f6d, k0_ ^ 0x6c7967656e657261,
          k1_ ^ 0x7465646279746573};
  if (salt) s.take(salt);
  constexpr std::size_t kWord = sizeof(std::uint64_t);
  const char* at = text.data();
  std::size_t left = text.size();
  for (; left >= kWord; left -= kWord, at += kWord) s.take(word_of(at, kWord));
  s.take(word_of(at, left) | std::uint64_t{text.size()} << 56);
  s.v2 ^= 0xff;
  for (int i = 0; i < 3; ++i) s.round();
  return s.v0 ^ s.v1 ^ s.v2 ^ s.v3;
}

std::size_t TextHash::operator()(std::string_view text) const noexcept {
  static const KeyHash hash;
  return hash(text);
}

}  // namespace sluice::base
