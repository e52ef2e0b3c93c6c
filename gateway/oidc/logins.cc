// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/logins.h"

#include <vector>

#include "gateway/chain/as_asked.h"
#include "gateway/jose/digest.h"
#include "gateway/oidc/sessions.h"

namespace sluice::oidc {

using base::WallTime;
using chain::Exchange;

namespace {

// Of a cookie in a request: "name=value; ".
std::size_t bytes_of(std::string_view name, std::string_view value) noexcept {
  return name.size() + value.size() + 3;
}

}  // namespace

Logins::Logins(const OidcConfig& c)
    : config_(c),
      prefix_(name_of(c.cookie) + ".login."),
      bound_(prefix_ + owner_of(c)),
      sealer_(secrets_of(c)) {
  for (const auto& scope : c.scopes) scope_ += (scope_.empty() ? "" : " ") + scope;
}

std::string Logins::origin(const Exchange& ex) const {
  if (!config_.origin.empty()) return config_.origin;
  return std::string(ex.stream.connection().scheme()) + "://" + std::string(ex.request.authority);
}

std::string Logins::begin(const Exchange& ex, std::string_view endpoint, SetCookies& out) const {
  const chain::RequestLine asked = chain::client_line(ex);
  std::string back(asked.path);
  if (asked.has_query) back.append("?").append(asked.query);
  WallTime now = ex.worker.loop.clock().wall();
  Login login = begin_login(origin(ex) + config_.redirect_path, std::string(safe_way_back(back)), now);
  Cookie cookie(prefix_ + std::string(login.id()), config_.cookie);
  const std::string sealed = sealer_.seal(pack(login), bound_);
  const auto others = brought(ex);
  std::size_t bytes = bytes_of(cookie.name(), sealed);
  for (const auto& other : others) bytes += bytes_of(other.name, other.value);
  if (others.size() >= kMost || bytes > kMostBytes) forget_these(ex, others, out);
  auto age = std::chrono::duration_cast<std::chrono::seconds>(config_.login_timeout);
  if (auto lines = cookie.write(ex, sealed, age)) out.add(ex, *lines);
  std::string challenge = challenge_of(login.verifier);
  std::vector<std::pair<std::string_view, std::string_view>> parameters = {
      {"response_type", "code"},
      {"client_id", config_.client_id},
      {"redirect_uri", login.redirect_uri},
      {"scope", scope_},
      {"state", login.state},
      {"nonce", login.nonce},
      {"code_challenge", challenge},
      {"code_challenge_method", "S256"}};
  for (const auto& [name, value] : config_.parameters) parameters.emplace_back(name, value);
  return with_parameters(endpoint, parameters);
}

std::optional<Login> Logins::take(Exchange& ex, std::string_view state, SetCookies& out) const {
  const Cookie cookie(prefix_ + std::string(Login::id_of(state)), config_.cookie);
  auto text = cookie.read(ex);
  auto bytes = text.empty() ? std::nullopt : sealer_.open(text, bound_);
  auto login = bytes ? unpack_login(*bytes) : std::nullopt;
  if (!login || !jose::equal_in_constant_time(login->state, state)) return std::nullopt;
  out.add(ex, cookie.forget(ex));
  if (ex.worker.loop.clock().wall() >= login->begun + config_.login_timeout) return std::nullopt;
  return login;
}

// Each part of a login's cookie is among them under its own name.
std::vector<chain::NamedCookie> Logins::brought(const Exchange& ex) const {
  return chain::cookies_with(ex.request.fields, prefix_, 2 * kMost);
}

void Logins::forget_these(const Exchange& ex, const std::vector<chain::NamedCookie>& cookies,
                          SetCookies& out) const {
  for (const auto& cookie : cookies)
    out.add(ex, {Cookie(std::string(cookie.name), config_.cookie).forget_first()});
}

void Logins::forget(const Exchange& ex, SetCookies& out) const { forget_these(ex, brought(ex), out); }

void Logins::hide(Exchange& ex) const { chain::remove_cookies_with(ex.request.fields, prefix_); }

}  // namespace sluice::oidc
