// SPDX-License-Identifier: Apache-2.0
// Settings of the filter `oidc`.
#pragma once
#include <optional>
#include <string>
#include <vector>

#include "gateway/chain/token_claims.h"
#include "gateway/config/describe.h"
#include "gateway/jose/algorithm.h"
#include "gateway/oidc/cookie.h"
#include "gateway/oidc/session.h"
#include "gateway/upstream/web_url.h"

namespace sluice::oidc {

// How the gateway shows the token endpoint who it is (RFC 6749 section 2.3).
enum class ClientAuth : unsigned char { basic, post, none };
void describe(config::Enumeration<ClientAuth>& e);

struct SessionConfig {
  std::vector<config::Secret> keys;
  config::Duration idle = std::chrono::minutes(30);
  config::Duration absolute = std::chrono::hours(12);
  config::Duration renew_before = std::chrono::seconds(60);
  bool operator==(const SessionConfig&) const = default;
};
void describe(config::Description<SessionConfig>& d);

struct OidcConfig : chain::TokenRulesConfig {
  std::string issuer;
  std::string to;
  std::string client_id;
  config::Secret client_secret;
  ClientAuth client_auth = ClientAuth::basic;
  std::vector<std::string> scopes = {"openid"};
  config::ByName<std::string> parameters;

  std::optional<upstream::WebUrl> discovery;
  std::optional<upstream::WebUrl> jwks;
  std::optional<upstream::WebUrl> authorization_endpoint;
  std::string token_endpoint;
  std::optional<upstream::WebUrl> end_session_endpoint;
  std::string ca;
  std::vector<jose::Algorithm> algorithms;
  config::Duration leeway = std::chrono::seconds(60);
  config::Duration timeout = std::chrono::seconds(5);

  std::string origin;
  std::string redirect_path = "/oauth2/callback";
  std::string logout_path = "/oauth2/logout";
  std::string backchannel_logout_path;
  std::string post_logout_redirect;
  config::Duration login_timeout = std::chrono::minutes(10);
  CookieConfig cookie;
  SessionConfig session;
  bool pass_access_token = false;
  std::uint32_t cache = 1000;
  bool operator==(const OidcConfig&) const = default;

  jose::Algorithms allowed() const;
  SessionTimes times() const { return {session.idle, session.absolute}; }
};
void describe(config::Description<OidcConfig>& d);

}  // namespace sluice::oidc
