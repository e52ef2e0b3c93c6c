// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/provider.h"

#include <fmt/format.h>

#include "gateway/chain/form_call.h"
#include "gateway/chain/key_address.h"
#include "gateway/http/uri.h"

namespace sluice::oidc {

using namespace std::chrono_literals;

namespace {

using base::Reason;
using base::Result;
using base::Task;
using chain::Exchange;

constexpr std::string_view kWellKnown = "/.well-known/openid-configuration";
constexpr std::size_t kLargestAnswer = 128 * 1024;
// How long a request waits for documents or keys that are being fetched.
constexpr auto kPatience = 2s;

std::string authorization_of(const OidcConfig& c) {
  if (c.client_auth != ClientAuth::basic) return "";
  return chain::client_authorization(c.client_id, c.client_secret.value);
}

chain::CallSettings settings_of(const OidcConfig& c) {
  chain::CallSettings out;
  out.upstream = c.to;
  out.timeout = c.timeout;
  return out;
}

chain::KeyAddress address_of(const OidcConfig& c) {
  chain::KeyAddress out{c.issuer, {}, !c.jwks.has_value(), false, c.ca};
  std::string_view issuer = c.issuer;
  if (issuer.ends_with('/')) issuer.remove_suffix(1);
  if (c.jwks) {
    out.url = *c.jwks;
  } else if (c.discovery) {
    out.url = *c.discovery;
  } else if (auto url = upstream::parse_web_url(std::string(issuer) + std::string(kWellKnown))) {
    out.url = std::move(*url);
  }
  return out;
}

// Path and query of a URL that the provider says.
std::string target_of(const std::string& url) {
  auto parsed = upstream::parse_web_url(url);
  if (!parsed) return "";
  base::Arena arena;
  auto split = http::split_target(parsed->target);
  auto normal = http::normalise_path(split.path, arena);
  return normal && *normal == split.path && http::valid_query(split.query) ? parsed->target : "";
}

base::Unexpected refuse(const base::Error& error, const char* what = "the ID token ") {
  return base::fail(Reason::unauthenticated, what + error.detail);
}

}  // namespace

Provider::Provider(const OidcConfig& c, chain::Builder& builder)
    : config_(c),
      allowed_(c.allowed()),
      rules_{c.issuer, {c.client_id}, {"JWT"}, std::chrono::duration_cast<std::chrono::seconds>(c.leeway)},
      logout_rules_(rules_),
      authorization_(authorization_of(c)),
      caller_(settings_of(c), builder),
      own_(builder.workers()) {
  logout_rules_.types.emplace_back("logout+jwt");
  auto address = address_of(c);
  private_way_ = address.url.private_way();
  if (!private_way_)
    builder.warning(c.jwks        ? "jwks"
                    : c.discovery ? "discovery"
                                  : "issuer",
                    "what the provider says of itself is fetched without https: who is on the way can log in "
                    "as anybody");
  source_ = builder.issuer_keys(address);
}

chain::IssuerKeys& Provider::keys_of(const Exchange& ex) const {
  auto& own = own_.of(ex.worker.index, [&] {
    return std::make_unique<Own>(Own{std::make_shared<chain::IssuerKeys>(source_)});
  });
  own.keys->refresh();
  return *own.keys;
}

Provider::Endpoints Provider::endpoints(const Exchange& ex) const {
  Endpoints out;
  if (const auto* said = keys_of(ex).metadata()) {
    // Browsers are not sent to places that are less private than the document was.
    auto usable = [&](const std::string& url) {
      auto parsed = upstream::parse_web_url(url);
      return parsed && (parsed->private_way() || !private_way_) ? url : std::string();
    };
    out = {usable(said->authorization_endpoint), target_of(said->token_endpoint),
           usable(said->end_session_endpoint), said->tells_issuer};
  }
  if (config_.authorization_endpoint) out.authorization = config_.authorization_endpoint->text();
  if (!config_.token_endpoint.empty()) out.token = config_.token_endpoint;
  if (config_.end_session_endpoint) out.end_session = config_.end_session_endpoint->text();
  return out;
}

Task<Provider::Endpoints> Provider::endpoints_in_time(Exchange& ex) const {
  Endpoints known = endpoints(ex);
  bool enough = !known.authorization.empty() && !known.token.empty();
  auto& keys = keys_of(ex);
  if (enough || keys.metadata() || !keys.may_ask(ex.worker.loop)) co_return known;
  auto asked = keys.newer(ex, kPatience);
  co_await asked;
  co_return endpoints(ex);
}

std::string Provider::trouble(const Exchange& ex) const {
  auto& keys = keys_of(ex);
  std::string why = keys.failure();
  if (why.empty()) why = keys.metadata() ? "does not say where its endpoints are" : "was not asked yet";
  return fmt::format("the provider {}: {}", config_.issuer, why);
}

Task<Result<Tokens>> Provider::redeem(Exchange& ex, const Callback& callback, const Login& login) const {
  const std::pair<std::string_view, std::string_view> form[] = {{"grant_type", "authorization_code"},
                                                                {"code", callback.code},
                                                                {"redirect_uri", login.redirect_uri},
                                                                {"code_verifier", login.verifier}};
  auto asking = ask(ex, form_of(form));
  auto tokens = co_await asking;
  if (!tokens) co_return tokens;
  if (tokens->id_token.empty())
    co_return base::fail(Reason::auth_unavailable, "the provider answers without an ID token");
  auto verifying = verify(ex, tokens->id_token, Kind::id_token);
  auto claims = co_await verifying;
  if (!claims) co_return std::move(claims).unexpected();
  auto checked = check_id_claims(*claims, config_.client_id, login.nonce);
  if (!checked) co_return refuse(checked.error());
  co_return tokens;
}

Task<Result<Tokens>> Provider::renew(Exchange& ex, const std::string& refresh_token,
                                     const std::string& subject) const {
  const std::pair<std::string_view, std::string_view> form[] = {{"grant_type", "refresh_token"},
                                                                {"refresh_token", refresh_token}};
  auto asking = ask(ex, form_of(form));
  auto tokens = co_await asking;
  if (!tokens || tokens->id_token.empty()) co_return tokens;
  auto verifying = verify(ex, tokens->id_token, Kind::id_token);
  auto claims = co_await verifying;
  if (!claims) co_return std::move(claims).unexpected();
  auto checked = check_renewed_claims(*claims, config_.client_id, subject);
  if (!checked) co_return refuse(checked.error());
  co_return tokens;
}

Task<Result<Tokens>> Provider::ask(Exchange& ex, std::string form) const {
  auto finding = endpoints_in_time(ex);
  auto known = co_await finding;
  if (known.token.empty()) co_return base::fail(Reason::auth_unavailable, trouble(ex));
  if (config_.client_auth != ClientAuth::basic) {
    const std::pair<std::string_view, std::string_view> client[] = {
        {"client_id", config_.client_id}, {"client_secret", config_.client_secret.value}};
    form += "&" + form_of(client);
  }
  const chain::FormCall posting(known.token, authorization_, form, kLargestAnswer);
  auto calling = caller_.call(ex, posting.request());
  auto answer = co_await calling;
  if (!answer)
    co_return base::fail(Reason::auth_unavailable,
                         fmt::format("the provider's token endpoint cannot be asked: {} {}",
                                     base::row(answer.error().reason).name, answer.error().detail));
  auto tokens = read_tokens(answer->status, answer->body);
  if (!tokens) co_return base::fail(tokens.error().reason, "the provider " + tokens.error().detail);
  co_return tokens;
}

Task<Result<LogoutOrder>> Provider::read_logout(Exchange& ex, const std::string& logout_token) const {
  auto verifying = verify(ex, logout_token, Kind::logout_token);
  auto claims = co_await verifying;
  if (!claims) co_return std::move(claims).unexpected();
  auto order = oidc::read_logout(*claims);
  if (!order) co_return refuse(order.error(), "the logout token ");
  co_return order;
}

Task<Result<jose::Json>> Provider::verify(Exchange& ex, const std::string& token, Kind kind) const {
  bool lacks_key = false;
  auto claims = judge(ex, token, kind, lacks_key);
  auto& keys = keys_of(ex);
  if (claims || !lacks_key || !keys.may_ask(ex.worker.loop)) co_return claims;
  auto asked = keys.newer(ex, kPatience);
  co_await asked;
  co_return judge(ex, token, kind, lacks_key);
}

Result<jose::Json> Provider::judge(const Exchange& ex, const std::string& text, Kind kind,
                                   bool& lacks_key) const {
  const auto& rules = kind == Kind::id_token ? rules_ : logout_rules_;
  const char* what = kind == Kind::id_token ? "the ID token " : "the logout token ";
  auto wrong = [&](std::string_view why) {
    return base::fail(Reason::unauthenticated, what + std::string(why));
  };
  auto token = jose::parse_token(text);
  if (!token) return wrong(token.error().detail);
  if (!allowed_.has(token->algorithm)) return wrong("is signed by an algorithm that is not taken here");
  if (auto typed = jose::check_type(*token, rules); !typed) return wrong(typed.error().detail);
  auto& keys = keys_of(ex);
  auto signature = keys.keys() ? jose::check_signature(*token, *keys.keys()) : jose::Signature::no_key;
  lacks_key = jose::newer_keys_may_help(signature);
  if (signature == jose::Signature::no_key) {
    if (auto doubt = keys.doubt(); !doubt.empty())
      return base::fail(Reason::auth_unavailable, fmt::format("no key of {}: {}", config_.issuer, doubt));
    return wrong("is signed by a key that its issuer does not have");
  }
  if (signature != jose::Signature::good) return wrong("is not signed by its issuer");
  auto claims = jose::parse_claims(*token);
  if (!claims) return wrong(claims.error().detail);
  auto checked = jose::check_claims(*claims, rules, ex.worker.loop.clock().wall());
  if (!checked) return wrong(checked.error().detail);
  return claims;
}

}  // namespace sluice::oidc
