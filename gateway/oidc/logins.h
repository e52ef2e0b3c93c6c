// SPDX-License-Identifier: Apache-2.0
// Logins: those that browsers have begun at one filter, each remembered by a cookie of its own until the
// provider's answer comes back.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/chain/cookies.h"
#include "gateway/chain/exchange.h"
#include "gateway/oidc/config.h"
#include "gateway/oidc/cookie.h"
#include "gateway/oidc/login.h"
#include "gateway/oidc/seal.h"

namespace sluice::oidc {

class Logins {
 public:
  // Those that a browser has begun and not ended are forgotten when there are so many, or when their cookies
  // and that of a new one would take more of each request than that: a head has 16 KiB, for sessions too.
  static constexpr std::size_t kMost = 8, kMostBytes = 4096;

  explicit Logins(const OidcConfig& config);

  // Begins one that will lead back to what the request asks for. The URL to send the browser to.
  std::string begin(const chain::Exchange& ex, std::string_view authorization_endpoint,
                    SetCookies& out) const;
  // The login that an answer with this state is for, if this browser has begun it and not too long ago. It
  // is not there a second time.
  std::optional<Login> take(chain::Exchange& ex, std::string_view state, SetCookies& out) const;
  // All that a browser may have, which are fewer than somebody may make up.
  void forget(const chain::Exchange& ex, SetCookies& out) const;
  void hide(chain::Exchange& ex) const;
  // Scheme and host by which the browser knows us.
  std::string origin(const chain::Exchange& ex) const;

 private:
  std::vector<chain::NamedCookie> brought(const chain::Exchange& ex) const;
  void forget_these(const chain::Exchange& ex, const std::vector<chain::NamedCookie>& cookies,
                    SetCookies& out) const;

  OidcConfig config_;
  std::string prefix_, bound_, scope_;
  Sealer sealer_;
};

}  // namespace sluice::oidc
