// SPDX-License-Identifier: Apache-2.0
// For those who make keys and contexts of OpenSSL: what both sides of TLS offer alike, texts as OpenSSL takes
// them, and its refusals as errors.
#pragma once
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/net/tls_openssl.h"

namespace sluice::net {

// The groups that we offer and accept, best first.
inline constexpr const char* kTlsGroups = "X25519:P-256:P-384";

inline const unsigned char* openssl_bytes(std::string_view text) noexcept {
  return reinterpret_cast<const unsigned char*>(text.data());
}

// Why the last call failed, by openssl_reason(), as an Error (internal): what was ours to set up could not be.
inline base::Unexpected openssl_refusal() { return base::fail(base::Reason::internal, openssl_reason()); }

}  // namespace sluice::net
