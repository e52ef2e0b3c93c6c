// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/session.h"

#include <algorithm>

#include "gateway/base/base64.h"
#include "gateway/chain/escape.h"
#include "gateway/jose/json.h"
#include "gateway/oidc/packing.h"

namespace sluice::oidc {
namespace {

constexpr char kSessionKind = 1;

}  // namespace

std::string pack(const Session& s) {
  return Packer(kSessionKind)
      .text(s.id_token)
      .text(s.access_token)
      .text(s.refresh_token)
      .text(s.scope)
      .time(s.started)
      .time(s.used)
      .time(s.expires)
      .time(s.renews)
      .take();
}

std::optional<Session> unpack_session(std::string_view bytes) {
  Unpacker in(bytes, kSessionKind);
  Session s;
  s.id_token = in.text();
  s.access_token = in.text();
  s.refresh_token = in.text();
  s.scope = in.text();
  s.started = in.time();
  s.used = in.time();
  s.expires = in.time();
  s.renews = in.time();
  if (!in.good()) return std::nullopt;
  return s;
}

base::WallTime end_of(const Session& session, const SessionTimes& times) noexcept {
  return std::min(session.used + times.idle, session.started + times.absolute);
}

std::optional<std::string> claims_of(const Session& session) {
  std::string_view token = session.id_token;
  auto first = token.find('.'), last = token.rfind('.');
  if (first == std::string_view::npos || first == last) return std::nullopt;
  auto claims = base::decode_base64url(token.substr(first + 1, last - first - 1));
  if (!claims) return std::nullopt;
  auto json = jose::Json::parse(*claims);
  if (!json || !json->root().is(jose::JsonKind::object)) return std::nullopt;
  if (session.scope.empty() || json->find("scope")) return claims;
  std::string scope(session.scope.size() * chain::kWorstEscape, '\0');
  scope.resize(static_cast<std::size_t>(chain::write_json(scope.data(), session.scope) - scope.data()));
  bool empty = !json->first(json->root());
  claims->insert(claims->rfind('}'), (empty ? "\"scope\":\"" : ",\"scope\":\"") + scope + "\"");
  return claims;
}

}  // namespace sluice::oidc
