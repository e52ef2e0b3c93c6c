// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/origin.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/http/authority.h"

namespace sluice::http {
namespace {

using View = std::string_view;

// RFC 3986 section 3.1.
bool valid_scheme(View text) noexcept {
  auto letter = [](char c) { return base::lower(c) >= 'a' && base::lower(c) <= 'z'; };
  auto follows = [&](char c) {
    return letter(c) || (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
  };
  return !text.empty() && letter(text.front()) && std::all_of(text.begin(), text.end(), follows);
}

std::uint16_t usual_port(View scheme) noexcept {
  if (base::equal_ignoring_case(scheme, "https")) return 443;
  return base::equal_ignoring_case(scheme, "http") ? 80 : 0;
}

}  // namespace

std::optional<Origin> parse_origin(View text) noexcept {
  constexpr View kBehindScheme = "://";
  std::size_t end = text.find(kBehindScheme);
  if (end == View::npos || !valid_scheme(text.substr(0, end))) return std::nullopt;
  auto authority = parse_authority(text.substr(end + kBehindScheme.size()));
  if (!authority || authority->host.empty()) return std::nullopt;
  View scheme = text.substr(0, end);
  return Origin{scheme, authority->host, authority->has_port ? authority->port : usual_port(scheme)};
}

bool same_origin(const Origin& a, const Origin& b) noexcept {
  return base::equal_ignoring_case(a.scheme, b.scheme) && base::equal_ignoring_case(a.host, b.host) &&
         a.port == b.port;
}

std::string origin_text(const Origin& origin) {
  std::string out = base::to_lower(origin.scheme) + "://" + base::to_lower(origin.host);
  if (origin.port != usual_port(origin.scheme)) out += ":" + std::to_string(origin.port);
  return out;
}

}  // namespace sluice::http
