// SPDX-License-Identifier: Apache-2.0
// Cookies of a request (RFC 6265 section 4.2): read by name, and taken out without touching the others.
#pragma once
#include <cstddef>
#include <string_view>
#include <vector>

#include "gateway/http/fields.h"

namespace sluice::chain {

// How often a cookie of that name came, and the value of the first.
struct FoundCookie {
  std::string_view value;
  int count = 0;
};
FoundCookie find_cookie(const http::Fields& fields, std::string_view name) noexcept;
// The cookies whose names begin with `prefix`, the first of each name. No more of them than `most`: clients
// may make up as many as a head holds.
struct NamedCookie {
  std::string_view name, value;
};
std::vector<NamedCookie> cookies_with(const http::Fields& fields, std::string_view prefix, std::size_t most);
// Takes out every cookie of that name.
void remove_cookie(http::Fields& fields, std::string_view name);
// Takes out every cookie whose name begins with `prefix`; writes each line once, however many there are.
void remove_cookies_with(http::Fields& fields, std::string_view prefix);

}  // namespace sluice::chain
