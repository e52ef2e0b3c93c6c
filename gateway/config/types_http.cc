// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/types_http.h"

#include <fmt/format.h>

namespace sluice::config {

void describe(Enumeration<http::SameSite>& e) {
  e.about("same_site");
  e.value("lax", http::SameSite::lax, "With links from other sites, but not with what these embed or send.")
      .value("strict", http::SameSite::strict, "Only from pages of the site itself.")
      .value("none", http::SameSite::none, "Also inside pages of other sites; browsers then want `Secure`.");
}

void check_cookie(const Site& at, std::string_view field, std::string_view name,
                  const http::CookieAttributes& a, std::string_view choices) {
  if (!a.secure && http::asks_for_secure(name))
    at.error(field, "begins with a prefix that browsers take over TLS only, with `secure`");
  if (http::asks_for_host(name) && (a.path != "/" || !a.domain.empty()))
    at.error(field, fmt::format("begins with `__Host-`, which leaves no choice of {}", choices));
  if (!a.secure && a.same_site == http::SameSite::none)
    at.error("same_site", "must not be `none` without `secure`: browsers refuse such a cookie");
}

}  // namespace sluice::config
