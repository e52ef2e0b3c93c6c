// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/websocket_key.h"

#include <openssl/rand.h>
#include <openssl/sha.h>

#include <cstdlib>
#include <string>

#include "gateway/base/base64.h"

namespace sluice::http::h1 {
namespace {

// N characters for the bytes.
template <std::size_t N, std::size_t Bytes>
std::array<char, N> base64(const std::array<unsigned char, Bytes>& bytes) noexcept {
  static_assert(N == base::base64_size(Bytes));
  std::array<char, N> out;
  base::write_base64(out.data(), {reinterpret_cast<const char*>(bytes.data()), Bytes});
  return out;
}

}  // namespace

WebSocketKey make_websocket_key() noexcept {
  std::array<unsigned char, 16> bytes;
  // The system's generator does not fail once it has been seeded; a predictable key is no option.
  if (RAND_bytes(bytes.data(), static_cast<int>(bytes.size())) != 1) std::abort();
  return {base64<24>(bytes)};
}

WebSocketAccept accept_of(std::string_view key) noexcept {
  constexpr std::string_view kServerKnows = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";  // RFC 6455 section 1.3
  std::string both(key);
  both += kServerKnows;
  std::array<unsigned char, SHA_DIGEST_LENGTH> digest;
  SHA1(reinterpret_cast<const unsigned char*>(both.data()), both.size(), digest.data());
  return {base64<28>(digest)};
}

}  // namespace sluice::http::h1
