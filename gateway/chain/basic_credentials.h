// SPDX-License-Identifier: Apache-2.0
// BasicCredentials: user and password of an Authorization field of the scheme Basic (RFC 7617), read
// strictly: what two programs could read in two ways is refused.
#pragma once
#include <string_view>

#include "gateway/base/arena.h"

namespace sluice::chain {

struct BasicCredentials {
  static constexpr std::size_t kLongestUser = 256, kLongestPassword = 512;

  std::string_view user, password;
  std::string_view fault;  // why there are none, "" if there are; for the caller to read
};

// Is the field's value of this scheme (RFC 9110 section 11.1), and what stands behind it?
bool has_scheme(std::string_view authorization, std::string_view scheme, std::string_view& rest) noexcept;
// `encoded` is what stands behind "Basic". The texts lie in the arena.
BasicCredentials parse_basic(std::string_view encoded, base::Arena& arena);

}  // namespace sluice::chain
