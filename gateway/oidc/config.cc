// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/config.h"

#include <algorithm>

#include "gateway/http/uri.h"

namespace sluice::oidc {

using namespace std::chrono_literals;
using namespace config::literals;

namespace {

constexpr std::size_t kShortestKey = 32;

std::string refuse_path(const std::string& path) {
  base::Arena arena;
  auto normal = http::normalise_path(path, arena);
  return normal && *normal == path && !path.starts_with("//")
             ? ""
             : "must be a path as it is sent, such as /oauth2/callback";
}

std::string refuse_endpoint(const std::string& endpoint) {
  auto split = http::split_target(endpoint);
  return refuse_path(std::string(split.path)).empty() && http::valid_query(split.query)
             ? ""
             : "must be a path as it is sent, such as /oauth2/token";
}

std::string refuse_origin(const std::string& text) {
  auto url = upstream::parse_web_url(text);
  return url && url->target == "/" && !text.ends_with('/')
             ? ""
             : "must be scheme and host, such as https://example.com";
}

std::string refuse_after_logout(const std::string& to) {
  if (to.starts_with('/')) return refuse_endpoint(to);
  return upstream::parse_web_url(to) ? "" : "must be a path or a URL";
}

std::string refuse_scope(const std::string& scope) {
  bool good = !scope.empty() && std::all_of(scope.begin(), scope.end(), [](char c) {
    return c > 0x20 && c < 0x7F && c != '"' && c != '\\';
  });
  return good ? "" : "must be one scope each, without blanks";
}

std::string refuse_key(const config::Secret& key) {
  return key.value.size() >= kShortestKey ? "" : "must have at least 32 bytes, of a random generator";
}

std::string refuse_parameter(const std::string& name) {
  for (std::string_view own : {"response_type", "response_mode", "client_id", "redirect_uri", "scope",
                               "state", "nonce", "code_challenge", "code_challenge_method"})
    if (name == own) return "`" + name + "` is set by the login itself";
  return name.empty() ? "must have a name" : "";
}

// As browsers match paths (RFC 6265 section 5.1.4).
bool is_below(std::string_view path, std::string_view top) {
  if (!path.starts_with(top)) return false;
  return path.size() == top.size() || top.ends_with('/') || path[top.size()] == '/';
}

void check_all(const OidcConfig& c, const config::Site& at) {
  if (std::ranges::find(c.scopes, "openid") == c.scopes.end())
    at.error("scopes", "must hold `openid`, without which a provider gives no ID token");
  bool secret = !c.client_secret.value.empty();
  if (c.client_auth == ClientAuth::none && secret)
    at.error("client_secret", "is of no use with `client_auth: none`");
  if (c.client_auth != ClientAuth::none && !secret)
    at.error("client_id", "needs `client_secret`", "a client without a secret says `client_auth: none`");
  if (c.jwks && (!c.authorization_endpoint || c.token_endpoint.empty()))
    at.error("jwks",
             "takes the place of discovery, and then `authorization_endpoint` and `token_endpoint` must be "
             "written too");
  if (!c.jwks && !c.discovery && !upstream::parse_web_url(c.issuer))
    at.error("issuer", "is no URL, so it cannot be asked for its endpoints",
             "say `discovery`, or `jwks` and the endpoints");
  if (c.redirect_path == c.logout_path) at.error("logout_path", "must not be `redirect_path` too");
  if (c.backchannel_logout_path == c.redirect_path || c.backchannel_logout_path == c.logout_path)
    at.error("backchannel_logout_path", "must be a path of its own");
  if (!is_below(c.redirect_path, c.cookie.path))
    at.error("cookie",
             "has a path that `redirect_path` is not below, so the answer to a login finds no cookie");
  if (!is_below(c.logout_path, c.cookie.path))
    at.error("cookie", "has a path that `logout_path` is not below, so logging out finds no session to end");
  for (const auto& [name, value] : c.parameters)
    if (auto wrong = refuse_parameter(name); !wrong.empty())
      at.error(config::path("parameters", name), wrong);
  for (std::size_t i = 0; i < c.algorithms.size(); ++i)
    if (jose::symmetric(c.algorithms[i]))
      at.error("algorithms",
               "must not name HS algorithms: ID tokens are checked by the provider's public keys");
}

void describe_provider(config::Description<OidcConfig>& d) {
  using namespace config;
  d.field("issuer", &OidcConfig::issuer, "The provider, as ID tokens name it in `iss`, to the byte.",
          required, non_empty, example("https://idp.example.com"));
  d.field(
      "to", &OidcConfig::to,
      "Upstream of the provider's token endpoint, which the gateway calls itself. The path is that of the "
      "endpoint.",
      required, reference("upstream"));
  d.field("client_id", &OidcConfig::client_id, "The gateway's client id at the provider.", required,
          non_empty);
  d.field("client_secret", &OidcConfig::client_secret, "The secret of that client.",
          example("${env:OIDC_CLIENT_SECRET}"));
  d.field("client_auth", &OidcConfig::client_auth, "How the secret is shown to the token endpoint.");
  d.field("scopes", &OidcConfig::scopes,
          "What the provider is asked for. `offline_access` is, with most, what gives a refresh token.",
          one_or_many, unique, each(check(refuse_scope)), example("[openid, email, offline_access]"));
  d.field("parameters", &OidcConfig::parameters, "Further parameters of the authorization request.",
          example("{prompt: select_account}"));
  d.field("discovery", &OidcConfig::discovery,
          "URL of the provider's discovery document, which tells endpoints and keys.",
          default_is("`issuer` with /.well-known/openid-configuration"));
  d.field("jwks", &OidcConfig::jwks, "URL of the provider's keys, for one without a discovery document.",
          example("https://idp.example.com/keys"));
  d.field("authorization_endpoint", &OidcConfig::authorization_endpoint, "Where browsers are sent to log in.",
          default_is("what discovery says"), example("https://idp.example.com/auth"));
  d.field("token_endpoint", &OidcConfig::token_endpoint, "Path of the token endpoint at `to`.",
          check([](const std::string& s) { return s.empty() ? "" : refuse_endpoint(s); }),
          default_is("what discovery says"), example("/oauth2/token"));
  d.field("end_session_endpoint", &OidcConfig::end_session_endpoint, "Where browsers are sent to log out.",
          default_is("what discovery says"), example("https://idp.example.com/logout"));
  d.field("ca", &OidcConfig::ca,
          "PEM of the authorities by which the server of document and keys is believed. The upstream has its "
          "own.",
          default_is("the system's"), example("${file:ca.pem}"));
  d.field("algorithms", &OidcConfig::algorithms, "The only ones that ID tokens may be signed with.",
          one_or_many, unique, default_is("all but the HS ones"), example("[RS256, ES256]"));
  d.field("leeway", &OidcConfig::leeway, "How much clocks may differ.", between(0s, 10min));
  d.field("timeout", &OidcConfig::timeout, "How long the token endpoint may take, retries included.",
          between(1ms, 60s));
}

void describe_place(config::Description<OidcConfig>& d) {
  using namespace config;
  d.field("origin", &OidcConfig::origin,
          "Scheme and host by which browsers know the gateway. Needed where something before it ends TLS.",
          check([](const std::string& s) { return s.empty() ? "" : refuse_origin(s); }),
          default_is("those of the request"), example("https://app.example.com"));
  d.field("redirect_path", &OidcConfig::redirect_path,
          "Path by which browsers come back from the provider, which must know it as a redirect URI. A route "
          "with this filter must match it.",
          check(refuse_path));
  d.field("logout_path", &OidcConfig::logout_path,
          "Path that ends the session, here and at the provider. A route with this filter must match it.",
          check(refuse_path));
  d.field("backchannel_logout_path", &OidcConfig::backchannel_logout_path,
          "Path at which the provider tells of sessions that it has ended (back-channel logout), as each "
          "gateway must be told. A route "
          "with this filter must match it.",
          check([](const std::string& s) { return s.empty() ? "" : refuse_path(s); }),
          default_is("the provider tells nothing"), example("/oauth2/backchannel-logout"));
  d.field("post_logout_redirect", &OidcConfig::post_logout_redirect,
          "Path or URL to go to after that. The provider must know it.",
          check([](const std::string& s) { return s.empty() ? "" : refuse_after_logout(s); }),
          default_is("a page of the provider's"), example("/goodbye"));
  d.field("login_timeout", &OidcConfig::login_timeout, "How long somebody may take to log in.",
          between(10s, 1h));
  d.field("cookie", &OidcConfig::cookie, "The cookies.");
  d.field("session", &OidcConfig::session, "How long a login is good, and what keeps it secret.", required);
  d.field("pass_access_token", &OidcConfig::pass_access_token,
          "Sends the access token to the upstream, in Authorization as Bearer.");
  d.field("cache", &OidcConfig::cache,
          "How many sessions each worker remembers to have opened. One takes about three times its cookies.",
          between(0u, 1'000'000u));
}

}  // namespace

void describe(config::Enumeration<ClientAuth>& e) {
  e.about("client_auth");
  e.value("basic", ClientAuth::basic, "In Authorization (client_secret_basic).")
      .value("post", ClientAuth::post, "In the form (client_secret_post).")
      .value("none", ClientAuth::none, "There is no secret: PKCE alone protects the code.");
}

void describe(config::Description<SessionConfig>& d) {
  using namespace config;
  d.about("oidc_session", "The session, which is kept encrypted in cookies and nowhere else.");
  d.field("keys", &SessionConfig::keys,
          "Secrets that sessions are encrypted under: the first one encrypts, all of them decrypt. To change "
          "one, put the new one first and drop the old one after `absolute`. Gateways that share sessions "
          "share them.",
          required, one_or_many, min_items(1), max_items(8), each(config::check(refuse_key)),
          example("[\"a secret of 32 random bytes or more\"]"));
  d.field("idle", &SessionConfig::idle, "Ends the session when no request came for so long.",
          between(1min, 720h));
  d.field("absolute", &SessionConfig::absolute, "Ends it so long after the login, whatever happens.",
          between(1min, 2160h));
  d.field("renew_before", &SessionConfig::renew_before,
          "How long before the access token expires a new one is fetched, if there is a refresh token.",
          between(0s, 1h));
  d.check([](const SessionConfig& c, const Site& at) {
    if (c.idle > c.absolute) at.error("idle", "is longer than `absolute`");
  });
}

jose::Algorithms OidcConfig::allowed() const {
  if (algorithms.empty()) return jose::Algorithms::asymmetric();
  jose::Algorithms out;
  for (auto a : algorithms) out.add(a);
  return out;
}

void describe(config::Description<OidcConfig>& d) {
  d.about("oidc",
          "Logs people in at an OpenID Connect provider: authorization code with PKCE, and a session in "
          "encrypted cookies. Browsers that open a page are sent to the provider; everything else without a "
          "session gets 401.");
  describe_provider(d);
  describe_place(d);
  chain::describe_token_rules(d);
  d.at_most_one({"discovery", "jwks"});
  d.check(check_all);
}

}  // namespace sluice::oidc
