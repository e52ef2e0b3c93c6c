// SPDX-License-Identifier: Apache-2.0
// The authority of a request: host and port, as Host, an absolute-form or an authority-form target carries
// it. Narrower than RFC 3986: no userinfo, no percent-encoding, no sub-delimiters, no zone or future
// literals.
#pragma once
#include <cstdint>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/base/result.h"

namespace sluice::http {

struct Authority {
  std::string_view host;  // as written, IPv6 literals with their brackets
  std::uint16_t port = 0;
  bool has_port = false;
  bool normal = false;  // normalise_host would return `host` itself; false also if that is not known
};

// Host name (letters, digits, "-", "_", ".", "~"; at most 255 bytes, no empty label, a trailing dot allowed),
// IPv4 address or IPv6 literal, then an optional ":port" from 1 to 65535. bad_request otherwise.
base::Result<Authority> parse_authority(std::string_view text);
// Lower case and without a trailing dot: `host` itself when it already is, else in the arena.
std::string_view normalise_host(std::string_view host, base::Arena& arena);

}  // namespace sluice::http
