// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/set_cookie.h"

#include <fmt/format.h>

namespace sluice::http {

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

bool asks_for_host(std::string_view name) noexcept { return name.starts_with("__Host-"); }

bool asks_for_secure(std::string_view name) noexcept {
  return asks_for_host(name) || name.starts_with("__Secure-");
}

}  // namespace sluice::http
