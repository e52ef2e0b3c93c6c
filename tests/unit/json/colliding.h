// SPDX-License-Identifier: Apache-2.0
// Names that all have one value of the standard library's hash, whose seed is the same everywhere, as a
// client could make them: what a table would have to look through one by one if it relied on that hash.
#pragma once
#include <cstdint>
#include <cstring>
#include <functional>
#include <string>
#include <vector>

namespace sluice::json {

// So many, of sixteen bytes, none of which means anything in a string of JSON. Inverts what std::hash makes
// of sixteen bytes (MurmurHash64A by Austin Appleby, as in libstdc++'s hash_bytes.cc).
inline std::vector<std::string> colliding_names(std::size_t count) {
  constexpr std::uint64_t kMul = 0xc6a4a7935bd1e995, kSeed = 0xc70f6907, kTarget = 0x5eed;
  std::uint64_t inverse = kMul;  // modulo 2^64, by Newton's iteration
  for (int i = 0; i < 6; ++i) inverse *= 2 - kMul * inverse;
  auto mixed = [](std::uint64_t v) { return v ^ v >> 47; };  // its own inverse
  std::vector<std::string> out;
  for (std::uint64_t i = 0; out.size() < count; ++i) {
    std::string name(16, 'a');
    for (int digit = 0; digit < 8; ++digit) name[static_cast<std::size_t>(digit)] += i >> 4 * digit & 15;
    std::uint64_t first = 0;
    std::memcpy(&first, name.data(), sizeof first);
    std::uint64_t h = (kSeed ^ 16 * kMul ^ mixed(first * kMul) * kMul) * kMul;
    std::uint64_t second = mixed((h ^ kTarget) * inverse) * inverse;
    std::memcpy(name.data() + 8, &second, sizeof second);
    bool plain = true;
    for (unsigned char c : name) plain = plain && c >= ' ' && c != '"' && c != '\\';
    if (plain) out.push_back(std::move(name));
  }
  return out;
}

}  // namespace sluice::json
