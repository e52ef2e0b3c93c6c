// SPDX-License-Identifier: Apache-2.0
// Cookies of a request (RFC 6265 section 4.2): read by name, and taken out without touching the others.
#pragma once
#include <optional>
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
// The name of every cookie that begins so; a name that came twice is there twice.
std::vector<std::string_view> cookies_with(const http::Fields& fields, std::string_view prefix);
// Takes out every cookie of that name.
void remove_cookie(http::Fields& fields, std::string_view name);

}  // namespace sluice::chain
