// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/cookie.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/cookies.h"
#include "gateway/config/types_http.h"

namespace sluice::oidc {

using namespace std::chrono_literals;

void describe(config::Enumeration<SameSite>& e) {
  e.about("same_site");
  e.value("lax", SameSite::lax, "Not with what other sites embed or send.")
      .value("none", SameSite::none, "Also inside pages of other sites.");
}

void describe(config::Description<CookieConfig>& d) {
  using namespace config;
  d.about("oidc_cookie", "The cookies that hold the session; those of logins under way are named after it.");
  d.field("name", &CookieConfig::name, "Name.",
          pattern("[!#$%&'*+^_`|~0-9A-Za-z-]+", "the name of a cookie without dots"),
          default_is("`__Host-sluice`, or `__Secure-sluice` where a browser would refuse that"),
          example("__Host-shop"));
  d.field("domain", &CookieConfig::domain, "Domain below which all hosts get it.",
          pattern("[0-9A-Za-z-]+(\\.[0-9A-Za-z-]+)+", "the name of a domain"),
          default_is("the host alone that set it"), example("example.com"));
  d.field("path", &CookieConfig::path,
          "Path below which it is sent; `redirect_path` and `logout_path` must be below it too.",
          pattern("/[!-:<-~]*", "a path"));
  d.field("same_site", &CookieConfig::same_site,
          "When a browser sends it. `strict` is no choice: who comes back from the provider comes from "
          "another site.");
  d.field("secure", &CookieConfig::secure, "Only over TLS.");
  d.check([](const CookieConfig& c, const Site& at) {
    check_cookie(at, "name", c.name, c.attributes(), "`domain` and `path`");
  });
}

std::string name_of(const CookieConfig& c) {
  if (!c.name.empty()) return c.name;
  if (!c.secure) return "sluice";
  return c.path == "/" && c.domain.empty() ? "__Host-sluice" : "__Secure-sluice";
}

http::CookieAttributes CookieConfig::attributes() const noexcept {
  return {.path = path,
          .domain = domain,
          .secure = secure,
          .same_site = same_site == SameSite::none ? http::SameSite::none : http::SameSite::lax};
}

Cookie::Cookie(std::string name, const CookieConfig& c)
    : name_(std::move(name)), attributes_(http::text(c.attributes())) {}

std::string Cookie::part_name(std::size_t part) const {
  return part == 0 ? name_ : fmt::format("{}.{}", name_, part);
}

std::string Cookie::line(std::size_t part, std::string_view value, std::chrono::seconds age) const {
  return fmt::format("{}={}{}; Max-Age={}", part_name(part), value, attributes_, age.count());
}

// Of a part's value.
std::size_t Cookie::room() const noexcept {
  constexpr std::size_t kNumber = 2, kEquals = 1, kAge = sizeof("; Max-Age=9000000000");
  std::size_t other = name_.size() + kNumber + kEquals + attributes_.size() + kAge;
  return other < kLargestPart ? kLargestPart - other : 0;
}

std::size_t Cookie::capacity() const noexcept { return room() > 2 ? kMostParts * room() - 2 : 0; }

bool Cookie::brought(const chain::Exchange& ex) const noexcept {
  return chain::find_cookie(ex.request.fields, name_).count > 0;
}

std::string_view Cookie::read(chain::Exchange& ex) const {
  std::string_view first = chain::find_cookie(ex.request.fields, name_).value;
  if (first.size() < 3 || first[1] != '.' || first[0] < '1' || first[0] > static_cast<char>('0' + kMostParts))
    return {};
  auto parts = static_cast<std::size_t>(first[0] - '0');
  std::string_view text = first.substr(2);
  for (std::size_t part = 1; part < parts; ++part) {
    auto more = chain::find_cookie(ex.request.fields, part_name(part)).value;
    if (more.empty()) return {};
    text = ex.arena.join(text, more);
  }
  return text;
}

std::optional<std::vector<std::string>> Cookie::write(const chain::Exchange& ex, std::string_view text,
                                                      std::chrono::seconds age) const {
  const std::size_t most = room();
  if (most == 0 || text.size() > capacity()) return std::nullopt;
  std::size_t parts = (text.size() + 2 + most - 1) / most;
  std::string whole = fmt::format("{}.{}", parts, text);
  std::vector<std::string> out;
  out.reserve(parts);
  for (std::size_t part = 0; part < parts; ++part)
    out.push_back(line(part, std::string_view(whole).substr(part * most, most), age));
  forget_from(ex, parts, out);
  return out;
}

std::vector<std::string> Cookie::forget(const chain::Exchange& ex) const {
  std::vector<std::string> out;
  forget_from(ex, 0, out);
  return out;
}

void Cookie::forget_from(const chain::Exchange& ex, std::size_t part, std::vector<std::string>& out) const {
  for (; part < kMostParts; ++part)
    if (chain::find_cookie(ex.request.fields, part_name(part)).count > 0) out.push_back(line(part, "", 0s));
}

void Cookie::hide(chain::Exchange& ex) const {
  for (std::size_t part = 0; part < kMostParts; ++part)
    chain::remove_cookie(ex.request.fields, part_name(part));
}

void SetCookies::add(const chain::Exchange& ex, const std::vector<std::string>& lines) {
  for (const auto& line : lines) first = ex.arena.make<Line>(ex.arena.copy(line), first);
}

void SetCookies::put_into(http::Fields& fields) const {
  for (const Line* line = first; line; line = line->next) fields.add(http::FieldId::set_cookie, line->text);
}

}  // namespace sluice::oidc
