// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/logins.h"

#include <vector>

#include "gateway/chain/as_asked.h"
#include "gateway/chain/cookies.h"
#include "gateway/jose/digest.h"
#include "gateway/oidc/sessions.h"

namespace sluice::oidc {

using base::WallTime;
using chain::Exchange;

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
  auto others = chain::cookies_with(ex.request.fields, prefix_);
  if (others.size() >= kMost)
    for (auto name : others) forget_one(ex, name, out);
  Cookie cookie(prefix_ + std::string(login.id()), config_.cookie);
  auto age = std::chrono::duration_cast<std::chrono::seconds>(config_.login_timeout);
  if (auto lines = cookie.write(ex, sealer_.seal(pack(login), bound_), age)) out.add(ex, *lines);
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
  std::string name = prefix_ + std::string(Login::id_of(state));
  auto text = Cookie(name, config_.cookie).read(ex);
  auto bytes = text.empty() ? std::nullopt : sealer_.open(text, bound_);
  auto login = bytes ? unpack_login(*bytes) : std::nullopt;
  if (!login || !jose::equal_in_constant_time(login->state, state)) return std::nullopt;
  forget_one(ex, name, out);
  if (ex.worker.loop.clock().wall() >= login->begun + config_.login_timeout) return std::nullopt;
  return login;
}

void Logins::forget_one(const Exchange& ex, std::string_view name, SetCookies& out) const {
  out.add(ex, Cookie(std::string(name), config_.cookie).forget(ex));
}

void Logins::forget(const Exchange& ex, SetCookies& out) const {
  for (auto name : chain::cookies_with(ex.request.fields, prefix_)) forget_one(ex, name, out);
}

void Logins::hide(Exchange& ex) const {
  for (auto name : chain::cookies_with(ex.request.fields, prefix_))
    chain::remove_cookie(ex.request.fields, name);
}

}  // namespace sluice::oidc
