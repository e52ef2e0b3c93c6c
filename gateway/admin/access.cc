// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/access.h"

#include "gateway/base/strings.h"
#include "gateway/jose/digest.h"
#include "gateway/net/address.h"

namespace sluice::admin {
namespace {

// An IP address or localhost, with or without a port.
bool local_name(std::string_view host) {
  auto colon = host.rfind(':');
  if (colon != std::string_view::npos && host.back() != ']') host = host.substr(0, colon);
  return base::equal_ignoring_case(host, "localhost") || net::Address::parse(host, 0).has_value();
}

// Compared as digests: the time tells nothing, not even the length.
bool is_token(std::string_view authorization, const std::string& token) {
  constexpr std::string_view kScheme = "Bearer ";
  if (authorization.size() < kScheme.size() ||
      !base::equal_ignoring_case(authorization.substr(0, kScheme.size()), kScheme))
    return false;
  auto shown = jose::sha256(base::trim(authorization.substr(kScheme.size())));
  auto known = jose::sha256(token);
  return jose::equal_in_constant_time(jose::view(shown), jose::view(known));
}

}  // namespace

bool says_json(std::string_view content_type) {
  auto type = base::trim(content_type.substr(0, content_type.find(';')));
  return base::equal_ignoring_case(type, "application/json");
}

bool health_page(std::string_view path) noexcept {
  return path == "/livez" || path == "/readyz" || path == "/startupz";
}

bool changes_something(std::string_view method) noexcept { return method != "GET" && method != "HEAD"; }

std::optional<Reply> refusal(const PageRequest& request, const Access& access) {
  bool tokened = !access.token.empty();
  if (!tokened && !access.any_host && !request.host.empty() && !local_name(request.host))
    return problem(421, "Ask for this server by its IP address or as localhost.");
  if (tokened && !health_page(request.path()) && !is_token(request.authorization, access.token)) {
    auto reply = problem(401, "This server wants the token of `admin.token`, as Authorization: Bearer ...");
    reply.challenge = "Bearer realm=\"sluice admin\"";
    return reply;
  }
  if (!changes_something(request.method)) return std::nullopt;
  if (request.from_browser) return problem(403, "Pages of browsers change nothing here.");
  return std::nullopt;
}

}  // namespace sluice::admin
