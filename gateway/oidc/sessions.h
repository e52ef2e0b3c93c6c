// SPDX-License-Identifier: Apache-2.0
// Sessions: those of one filter: opened from the cookies of requests, kept in cookies of answers, and
// remembered by each worker, so that a session is decrypted once and not with each request.
#pragma once
#include <memory>
#include <string>

#include "gateway/chain/exchange.h"
#include "gateway/chain/per_worker.h"
#include "gateway/chain/token_claims.h"
#include "gateway/chain/verdict_cache.h"
#include "gateway/oidc/answers.h"
#include "gateway/oidc/config.h"
#include "gateway/oidc/cookie.h"
#include "gateway/oidc/seal.h"
#include "gateway/oidc/session.h"

namespace sluice::oidc {

// A session that was opened, and what its ID token says. Immutable.
struct Opened {
  Session session;
  std::shared_ptr<const chain::TokenClaims> facts;
};
using OpenedPtr = std::shared_ptr<const Opened>;

class Sessions {
 public:
  Sessions(const OidcConfig& config, unsigned workers);

  bool brought(const chain::Exchange& ex) const noexcept { return cookie_.brought(ex); }
  // Null if the request brings none, or one that is none of ours or is over.
  OpenedPtr open(chain::Exchange& ex) const;
  // Null if the session's ID token cannot be read.
  OpenedPtr make(Session session) const;
  // False: it does not fit into cookies.
  bool keep(const chain::Exchange& ex, const Session& session, SetCookies& out) const;
  void forget(const chain::Exchange& ex, SetCookies& out) const { out.add(ex, cookie_.forget(ex)); }
  void hide(chain::Exchange& ex) const { cookie_.hide(ex); }

  // What of the tokens a session is made of, or goes on with: what did not come again stays.
  void take(Session& session, const Tokens& tokens, base::WallTime now) const;
  // Leaves the access token out if nobody passes it on: neither this policy nor, as the session `before` had
  // none, another one that shares it.
  void trim(Session& session, const Session& before) const;
  // Is it time to renew its tokens? Somewhat earlier if it is to be touched; at once if this policy passes on
  // the access token, and one began it that does not keep any.
  bool is_due(const Session& session, base::WallTime now) const noexcept;
  // Has the token expired that is passed on? It is passed on only while it is good.
  bool is_worn(const Session& session, base::WallTime now) const noexcept;
  // Is it time to note that it is in use? Not with every answer.
  bool is_to_be_touched(const Session& session, base::WallTime now) const noexcept;

 private:
  using Cache = chain::VerdictCache<Opened, base::WallTime>;

  OidcConfig config_;
  Cookie cookie_;
  Sealer sealer_;
  std::string bound_;
  chain::PerWorker<Cache> opened_;
};

// What sealed texts of a policy are bound to: a session of one client is none of another.
std::string owner_of(const OidcConfig& config);
std::vector<std::string> secrets_of(const OidcConfig& config);

}  // namespace sluice::oidc
