// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/digest.h"

#include <openssl/crypto.h>
#include <openssl/evp.h>

#include <algorithm>
#include <cstdlib>
#include <memory>

#include "gateway/base/hex.h"

namespace sluice::chain {
namespace {

const unsigned char* bytes(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Fetched once: OpenSSL 3 looks an algorithm up by its name at each use otherwise, which takes longer than
// the digest.
const EVP_MD* sha256_method() noexcept {
  static const EVP_MD* const method = EVP_MD_fetch(nullptr, "SHA2-256", nullptr);
  return method;
}

struct ContextCloser {
  void operator()(EVP_MD_CTX* context) const noexcept { EVP_MD_CTX_free(context); }
};

// The digest of up to two texts in a row.
Digest digest(std::string_view first, std::string_view second) noexcept {
  thread_local const std::unique_ptr<EVP_MD_CTX, ContextCloser> context(EVP_MD_CTX_new());
  Digest out;
  unsigned size = 0;
  bool done = context && EVP_DigestInit_ex2(context.get(), sha256_method(), nullptr) == 1 &&
              EVP_DigestUpdate(context.get(), bytes(first), first.size()) == 1 &&
              EVP_DigestUpdate(context.get(), bytes(second), second.size()) == 1 &&
              EVP_DigestFinal_ex(context.get(), reinterpret_cast<unsigned char*>(out.data()), &size) == 1;
  if (!done || size != out.size()) std::abort();  // out of memory, or a library without SHA-256
  return out;
}

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
  return digest({outer.data(), outer.size()}, view(first));
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

}  // namespace sluice::chain
