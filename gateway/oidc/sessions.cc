// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/sessions.h"

#include <algorithm>

#include "gateway/jose/json.h"
#include "gateway/oidc/renewals.h"

namespace sluice::oidc {

using namespace std::chrono_literals;
using base::WallTime;
using chain::Exchange;
using chain::TokenClaims;

namespace {

// A cookie is written again when that part of the idle time is over.
constexpr int kTouches = 8;

// The clocks of nodes may differ by as much.
constexpr base::Duration kApart = 60s;

WallTime wall(const Exchange& ex) { return ex.worker.loop.clock().wall(); }

bool is_ahead(const Session& s, WallTime now) noexcept { return s.used - now > kApart; }

// What was noted by a clock that was ahead, and has been set back since, goes back as far: the session ends
// when it is not used, and its tokens are renewed, in their time. It was used `before`, so that its cookie is
// written again: who reads the older one sets it back anew. A renewal knows its session by `expires`.
void set_back(Session& s, WallTime now, base::Duration before) noexcept {
  const base::Duration ahead = s.used - now;
  s.used = now - before;
  if (s.expires == WallTime{}) return;
  s.renews -= ahead;
  if (s.refresh_token.empty()) s.expires -= ahead;
}

}  // namespace

std::string owner_of(const OidcConfig& config) { return "\n" + config.issuer + "\n" + config.client_id; }

std::vector<std::string> secrets_of(const OidcConfig& config) {
  std::vector<std::string> out;
  for (const auto& key : config.session.keys) out.push_back(key.value);
  return out;
}

Sessions::Sessions(const OidcConfig& c, unsigned workers)
    : config_(c),
      cookie_(name_of(c.cookie), c.cookie),
      sealer_(secrets_of(c)),
      bound_(cookie_.name() + owner_of(c)),
      opened_(workers) {}

OpenedPtr Sessions::open(Exchange& ex) const {
  auto text = cookie_.read(ex);
  if (text.empty()) return nullptr;
  auto& cache = opened_.of(ex.worker.index, [&] { return std::make_unique<Cache>(config_.cache); });
  WallTime now = wall(ex);
  if (const auto* known = cache.find(text, now); known && !is_ahead((*known)->session, now)) return *known;
  auto bytes = sealer_.open(text, bound_);
  auto session = bytes ? unpack_session(*bytes) : std::nullopt;
  if (!session) return nullptr;
  if (is_ahead(*session, now)) set_back(*session, now, config_.session.idle / kTouches);
  WallTime end = end_of(*session, config_.times());
  if (now >= end) return nullptr;
  auto opened = make(std::move(*session));
  if (opened && config_.cache > 0) cache.put(text, opened, end, now);
  return opened;
}

OpenedPtr Sessions::make(Session session) const {
  auto text = claims_of(session);
  if (!text) return nullptr;
  auto json = jose::Json::parse(*text);
  if (!json) return nullptr;
  auto facts = std::make_shared<TokenClaims>(std::move(*json), config_.groups_claim);
  facts->lacks = chain::what_lacks(*facts, config_);
  return std::make_shared<const Opened>(Opened{std::move(session), std::move(facts)});
}

bool Sessions::keep(const Exchange& ex, const Session& session, SetCookies& out) const {
  auto left = std::chrono::duration_cast<std::chrono::seconds>(end_of(session, config_.times()) - wall(ex));
  auto lines = cookie_.write(ex, sealer_.seal(pack(session), bound_), std::max(left, 0s));
  if (lines) out.add(ex, *lines);
  return lines.has_value();
}

void Sessions::take(Session& session, const Tokens& tokens, WallTime now) const {
  if (!tokens.id_token.empty()) session.id_token = tokens.id_token;
  session.access_token = tokens.access_token;
  if (!tokens.refresh_token.empty()) session.refresh_token = tokens.refresh_token;
  if (!tokens.scope.empty()) session.scope = tokens.scope;
  base::Duration lasts = tokens.expires_in.value_or(0s);
  session.expires = tokens.expires_in ? now + lasts : WallTime{};
  session.renews = session.expires - std::min<base::Duration>(config_.session.renew_before, lasts / 2);
  session.used = now;
}

void Sessions::trim(Session& session, const Session& before) const {
  if (!config_.pass_access_token && before.access_token.empty()) session.access_token.clear();
}

bool Sessions::is_due(const Session& s, WallTime now) const noexcept {
  if (s.refresh_token.empty()) return false;
  // No renewal is without one (read_tokens()), so that this does not go on.
  if (config_.pass_access_token && s.access_token.empty()) return true;
  if (s.expires == WallTime{}) return false;
  // What notes that it is in use has the old tokens, and comes with an answer that may be late: after another
  // request has renewed them, and nobody remembers that any more. So whoever would note it renews it.
  return now >= s.renews || (s.renews - now < Renewals::kKeep && is_to_be_touched(s, now));
}

bool Sessions::is_worn(const Session& s, WallTime now) const noexcept {
  return config_.pass_access_token && s.expires != WallTime{} && now >= s.expires;
}

bool Sessions::is_to_be_touched(const Session& s, WallTime now) const noexcept {
  return now - s.used >= config_.session.idle / kTouches;
}

}  // namespace sluice::oidc
