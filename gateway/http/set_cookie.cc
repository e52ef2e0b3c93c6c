// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/set_cookie.h"

#include <fmt/format.h>

#include "gateway/base/strings.h"

namespace sluice::http {
namespace {

// Browsers take these prefixes in any case.
bool begins(std::string_view name, std::string_view prefix) noexcept {
  return base::equal_ignoring_case(name.substr(0, prefix.size()), prefix);
}

}  // namespace

std::string_view name(SameSite same_site) noexcept {
  constexpr std::string_view kSameSite[] = {"Lax", "Strict", "None"};
  return kSameSite[static_cast<std::size_t>(same_site)];
}

std::string text(const CookieAttributes& a) {
  std::string out = fmt::format("; Path={}", a.path);
  if (!a.domain.empty()) out.append("; Domain=").append(a.domain);
  if (a.age) out += fmt::format("; Max-Age={}", a.age->count());
  out += "; HttpOnly";
  if (a.secure) out += "; Secure";
  return out.append("; SameSite=").append(name(a.same_site));
}

bool asks_for_host(std::string_view name) noexcept { return begins(name, "__Host-"); }

bool asks_for_secure(std::string_view name) noexcept {
  return asks_for_host(name) || begins(name, "__Secure-");
}

}  // namespace sluice::http
