// SPDX-License-Identifier: Apache-2.0
// Origins (RFC 6454): whose page makes a browser send something. Read by filters that judge by it, and by
// routing for the preflights of browsers.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "gateway/http/head.h"

namespace sluice::http {

inline constexpr std::string_view kRequestMethod = "Access-Control-Request-Method";

// An origin taken apart. Views of the text that was parsed, in the case in which it was written.
struct Origin {
  std::string_view scheme;
  std::string_view host;
  std::uint16_t port = 0;  // the scheme's own where none is written; 0 if that is not known
};

// `https://app.example.com`, with a port if need be; of any scheme, as apps have their own. nullopt for
// anything else, "null" among it.
std::optional<Origin> parse_origin(std::string_view text) noexcept;
// Do both name the same scheme, host and port?
bool same_origin(const Origin& a, const Origin& b) noexcept;
// As browsers write it (RFC 6454 section 6.2): lower case, no port that goes without saying.
std::string origin_text(const Origin& origin);

// Does a browser ask whether a page of another origin may send the request that it announces (Fetch standard,
// "CORS-preflight fetch")? Such a request carries no credentials.
inline bool is_preflight(const RequestHead& request) noexcept {
  return request.method == Method::options && request.fields.has(FieldId::origin) &&
         request.fields.find(kRequestMethod) != nullptr;
}

}  // namespace sluice::http
