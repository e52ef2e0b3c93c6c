// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/digest.h"

#include <openssl/crypto.h>
#include <openssl/sha.h>
#include <string.h>

#include <algorithm>
#include <cstdlib>

#include "gateway/base/hex.h"

namespace sluice::jose {
namespace {

// The digest of up to two texts in a row. By the functions of the hash itself: those for any hash (EVP) take
// as long again as a short text does, and a request with a key waits for it.
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
Digest digest(std::string_view first, std::string_view second) noexcept {
  SHA256_CTX state;
  Digest out;
  bool done = SHA256_Init(&state) == 1 && SHA256_Update(&state, first.data(), first.size()) == 1 &&
              SHA256_Update(&state, second.data(), second.size()) == 1 &&
              SHA256_Final(reinterpret_cast<unsigned char*>(out.data()), &state) == 1;
  if (!done) std::abort();
  explicit_bzero(&state, sizeof state);
  return out;
}
#pragma GCC diagnostic pop

}  // namespace

Digest sha256(std::string_view text) noexcept { return digest(text, {}); }

// RFC 2104.
Digest keyed_digest(std::string_view key, std::string_view text) noexcept {
  constexpr std::size_t kBlock = 64;
  Digest short_key;
  if (key.size() > kBlock) {
    short_key = sha256(key);
    key = view(short_key);
  }
  std::array<char, kBlock> inner{}, outer{};
  std::copy(key.begin(), key.end(), inner.begin());
  outer = inner;
  for (char& c : inner) c = static_cast<char>(c ^ 0x36);
  for (char& c : outer) c = static_cast<char>(c ^ 0x5c);
  Digest first = digest({inner.data(), inner.size()}, text);
  Digest out = digest({outer.data(), outer.size()}, view(first));
  explicit_bzero(inner.data(), inner.size());
  explicit_bzero(outer.data(), outer.size());
  return out;
}

bool equal_in_constant_time(std::string_view a, std::string_view b) noexcept {
  return a.size() == b.size() && CRYPTO_memcmp(a.data(), b.data(), a.size()) == 0;
}

std::optional<Digest> digest_from_hex(std::string_view text) noexcept {
  Digest out;
  if (text.size() != 2 * out.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    int high = base::hex_value(text[2 * i]), low = base::hex_value(text[2 * i + 1]);
    if (high < 0 || low < 0) return std::nullopt;
    out[i] = static_cast<char>(high << 4 | low);
  }
  return out;
}

}  // namespace sluice::jose
