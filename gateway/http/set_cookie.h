// SPDX-License-Identifier: Apache-2.0
// Cookies that the gateway sets itself (RFC 6265, and the prefixes of RFC 6265bis section 4.1.3): what they
// are called, what follows their value in Set-Cookie, and what browsers would not take. How it is written in
// a configuration: config/types_http.h.
#pragma once
#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace sluice::http {

// A token (RFC 9110 section 5.6.2) as an expression; names of cookies are such.
inline constexpr const char* kTokenPattern = "[!#$%&'*+.^_`|~0-9A-Za-z-]+";

// When a browser sends a cookie.
enum class SameSite : std::uint8_t { lax, strict, none };
std::string_view name(SameSite same_site) noexcept;  // "Lax"

struct CookieAttributes {
  std::string_view path = "/";
  std::string_view domain = {};               // "": the host alone that sets it
  std::optional<std::chrono::seconds> age{};  // unset: until the browser is closed
  bool secure = true;
  SameSite same_site = SameSite::lax;
};
// "; Path=/; HttpOnly; Secure; SameSite=Lax": hidden from scripts in any case.
std::string text(const CookieAttributes& attributes);

// A name with a prefix that browsers take with `Secure` alone, or only for the whole of one host.
bool asks_for_secure(std::string_view name) noexcept;
bool asks_for_host(std::string_view name) noexcept;

}  // namespace sluice::http
