// SPDX-License-Identifier: Apache-2.0
// The filter `jwt`: tells the caller by a signed JSON Web Token (RFC 7519, RFC 6750). A token that was found
// good is remembered by each worker until it expires or its issuer's keys change, so that a signature is
// checked once, not for each request. An issuer whose keys cannot be had makes its tokens unavailable (503),
// never wrong (401).
#include <fmt/format.h>

#include <optional>
#include <string>
#include <vector>

#include "gateway/chain/issuer_keys.h"
#include "gateway/chain/key_address.h"
#include "gateway/chain/per_worker.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/token_authenticator.h"
#include "gateway/chain/verdict_cache.h"
#include "gateway/jose/token.h"

namespace sluice::filters {

using namespace std::chrono_literals;

struct JwtConfig : chain::TokenFilterConfig {
  std::string issuer;
  std::vector<std::string> audience;
  std::vector<jose::Algorithm> algorithms;
  std::vector<std::string> keys;
  config::Secret secret;
  std::optional<upstream::WebUrl> jwks;
  std::optional<upstream::WebUrl> discovery;
  std::string ca;
  std::vector<std::string> types = {"JWT", "at+jwt"};
  config::Duration leeway = 60s;
  std::uint32_t cache = 1000;
  bool operator==(const JwtConfig&) const = default;

  bool fetches() const { return keys.empty() && secret.value.empty(); }
  jose::Algorithms allowed() const {
    if (algorithms.empty()) return jose::Algorithms::asymmetric();
    jose::Algorithms out;
    for (auto a : algorithms) out.add(a);
    return out;
  }
};

namespace {

constexpr std::string_view kWellKnown = "/.well-known/openid-configuration";

void check_keys(const JwtConfig& c, const config::Site& at) {
  auto allowed = c.allowed();
  if (allowed.any_symmetric() && allowed.any_asymmetric())
    at.error("algorithms", "must not name HS algorithms beside others",
             "who checks HS tokens can make them; write a policy of its own for them");
  if (!c.secret.value.empty() && !allowed.any_symmetric())
    at.error("secret", "needs `algorithms` that use it: HS256, HS384 or HS512");
  if (!c.secret.value.empty() && c.secret.value.size() < 32)
    at.error("secret", "must have at least 32 bytes, as many as the hash");
  std::string url = c.issuer + std::string(kWellKnown);
  if (c.fetches() && !c.jwks && !c.discovery && !upstream::parse_web_url(url))
    at.error("issuer", "is no URL, so its keys cannot be found by discovery", "say `jwks` or `keys`");
  if (!c.fetches() && !c.ca.empty()) at.error("ca", "is for fetching keys, and they are written here");
}

}  // namespace

void describe(config::Description<JwtConfig>& d) {
  using namespace config;
  d.about(
      "jwt",
      "Tells the caller by a signed JSON Web Token. Where its issuer's keys are is said by one of `keys`, "
      "`secret`, `jwks` and `discovery`, or else found by OpenID Connect Discovery at the issuer.");
  d.field("issuer", &JwtConfig::issuer, "What tokens say in `iss`, to the byte.", required, non_empty,
          example("https://idp.example.com"));
  d.field(
      "audience", &JwtConfig::audience,
      "Tokens must name one of these in `aud`. Without it, tokens that the issuer made for other services "
      "are taken too.",
      one_or_many, each(non_empty), example("api"));
  d.field("algorithms", &JwtConfig::algorithms, "The only ones that are taken.", one_or_many, unique,
          default_is("all but the HS ones"), example("[RS256, ES256]"));
  d.field("keys", &JwtConfig::keys,
          "Keys of the issuer: each a PEM of a public key or certificate, a JWK or a JWK Set.", one_or_many,
          each(non_empty), example("[\"${file:idp.pem}\"]"));
  d.field("secret", &JwtConfig::secret, "The secret that HS tokens are signed with.",
          example("${env:JWT_SECRET}"));
  d.field(
      "jwks", &JwtConfig::jwks,
      "URL of the issuer's JWK Set. It is fetched before the first request, again as its Cache-Control says "
      "(1 to 60 minutes, else 10), and when a token names a key that is not in it.",
      example("https://idp.example.com/keys"));
  d.field("discovery", &JwtConfig::discovery, "URL of the issuer's discovery document.",
          default_is("`issuer` with " + std::string(kWellKnown)));
  d.field("ca", &JwtConfig::ca, "PEM of the authorities by which the server of the keys is believed.",
          default_is("the system's"), example("${file:ca.pem}"));
  d.field("types", &JwtConfig::types, "What `typ` may say, if the token has one.", each(non_empty));
  d.field("leeway", &JwtConfig::leeway, "How much clocks may differ.", between(0s, 10min));
  d.field("cache", &JwtConfig::cache,
          "How many tokens each worker remembers to have been good. A token takes about twice its own size.",
          between(0u, 1'000'000u));
  chain::describe_token_filter(d);
  d.at_most_one({"keys", "secret", "jwks", "discovery"});
  d.check(check_keys);
}

namespace {

using base::Result;
using base::Task;
using base::WallTime;
using chain::Exchange;
using chain::TokenClaims;
using chain::Verdict;

// How long a request waits for keys that are being fetched.
constexpr auto kPatience = 2s;

Result<void> add_keys(const std::string& text, bool secrets, jose::KeySet& out) {
  if (text.find("-----BEGIN") != std::string::npos) {
    auto key = jose::key_of_pem(text);
    if (!key) return base::fail(base::Reason::validation, "the key " + key.error().detail);
    out.add({"", std::nullopt, std::move(*key)});
    return {};
  }
  auto set = jose::parse_jwks(text, secrets);
  if (!set) return base::fail(base::Reason::validation, "the key set " + set.error().detail);
  if (!set->left_out.empty()) return base::fail(base::Reason::validation, set->left_out.front());
  for (const auto& key : set->keys()) out.add(key);
  return {};
}

std::shared_ptr<jose::KeySource> source_of(const JwtConfig& c, chain::Builder& builder) {
  bool secrets = c.allowed().any_symmetric();
  if (!c.fetches()) {
    jose::KeySet keys;
    for (std::size_t i = 0; i < c.keys.size(); ++i)
      if (auto added = add_keys(c.keys[i], secrets, keys); !added)
        builder.error(config::path("keys", i), added.error().detail);
    if (!c.secret.value.empty()) keys.add({"", std::nullopt, jose::Key(jose::HmacKey(c.secret.value))});
    return std::make_shared<jose::KeySource>(std::move(keys));
  }
  chain::KeyAddress address{c.issuer, {}, !c.jwks.has_value(), secrets, c.ca};
  if (c.jwks) {
    address.url = *c.jwks;
  } else if (c.discovery) {
    address.url = *c.discovery;
  } else {
    std::string_view issuer = c.issuer;
    if (issuer.ends_with('/')) issuer.remove_suffix(1);
    if (auto url = upstream::parse_web_url(std::string(issuer) + std::string(kWellKnown)))
      address.url = std::move(*url);
  }
  if (!address.url.private_way())
    builder.warning(c.jwks        ? "jwks"
                    : c.discovery ? "discovery"
                                  : "issuer",
                    "keys are fetched without https: who is on the way can make tokens of his own");
  return builder.issuer_keys(address);
}

class JwtFilter final : public chain::TokenAuthenticator {
 public:
  JwtFilter(const JwtConfig& c, chain::Builder& builder)
      : TokenAuthenticator("jwt", c, builder),
        config_(c),
        allowed_(c.allowed()),
        rules_{c.issuer, c.audience, c.types, std::chrono::duration_cast<std::chrono::seconds>(c.leeway)},
        source_(source_of(c, builder)),
        own_(builder.workers()) {
    if (c.audience.empty())
      builder.warning("", "tokens that the issuer made for other services are taken as well",
                      "say `audience`");
  }

 private:
  struct Own {
    std::shared_ptr<chain::IssuerKeys> keys;
    chain::VerdictCache<TokenClaims, WallTime> known;
  };

  Own& of(Exchange& ex) const {
    return own_.of(ex.worker.index, [&] {
      return std::make_unique<Own>(Own{std::make_shared<chain::IssuerKeys>(source_),
                                       chain::VerdictCache<TokenClaims, WallTime>(config_.cache)});
    });
  }
  Verdict wrong(Exchange& ex, const base::Error& error) const {
    return bad(ex.arena.join("the token ", error.detail));
  }

  Task<Verdict> judge(Exchange& ex, std::string_view token) const override {
    Own& own = of(ex);
    if (own.keys->refresh()) own.known.clear();
    WallTime now = ex.worker.loop.clock().wall();
    const auto* known = own.known.find(token, now);
    if (known && now >= (*known)->begins) return identify(ex, *known, config_.issuer);
    return judge_unknown(ex, own, token);
  }
  // The header first, which says whether there is anything to compute.
  Task<Verdict> judge_unknown(Exchange& ex, Own& own, std::string_view text) const {
    auto token = jose::parse_token(text);
    if (!token) return wrong(ex, token.error());
    if (!allowed_.has(token->algorithm))
      return bad("the token is signed by an algorithm that is not taken here");
    if (auto typed = jose::check_type(*token, rules_); !typed) return wrong(ex, typed.error());
    auto signature = check(own, *token);
    if (jose::newer_keys_may_help(signature) && (own.keys->may_ask(ex.worker.loop) || !own.keys->keys()))
      return judge_with_newer(ex, own, text);
    return settle(ex, own, text, *token, signature);
  }
  jose::Signature check(const Own& own, const jose::Token& token) const {
    const jose::KeySet* keys = own.keys->keys();
    return keys ? jose::check_signature(token, *keys) : jose::Signature::no_key;
  }

  // Its key is not there, as far as one can tell. If the token is of this issuer at all, its keys are
  // fetched, once for all who wait.
  Task<Verdict> judge_with_newer(Exchange& ex, Own& own, std::string_view text) const {
    auto token = jose::parse_token(text);
    if (!token) co_return wrong(ex, token.error());
    auto claims = jose::parse_claims(*token);
    if (!claims) co_return wrong(ex, claims.error());
    auto checked = jose::check_claims(*claims, rules_, ex.worker.loop.clock().wall());
    if (!checked) co_return wrong(ex, checked.error());
    if (own.keys->may_ask(ex.worker.loop)) {
      auto asked = own.keys->newer(ex, kPatience);
      co_await asked;
      if (ex.scope.cancelled()) co_return Verdict::unavailable("nobody waits for it any more");
      if (own.keys->refresh()) own.known.clear();
    }
    co_return settle(ex, own, text, *token, check(own, *token));
  }

  Verdict settle(Exchange& ex, Own& own, std::string_view text, const jose::Token& token,
                 jose::Signature signature) const {
    if (signature == jose::Signature::bad || signature == jose::Signature::unnamed)
      return bad("the token is not signed by its issuer");
    if (signature == jose::Signature::no_key) {
      if (auto doubt = own.keys->doubt(); !doubt.empty())
        return Verdict::unavailable(ex.arena.join("no key of ", config_.issuer, ": ", doubt));
      return bad("the token is signed by a key that its issuer does not have");
    }
    auto claims = jose::parse_claims(token);
    if (!claims) return wrong(ex, claims.error());
    WallTime now = ex.worker.loop.clock().wall();
    if (auto checked = jose::check_claims(*claims, rules_, now); !checked) return wrong(ex, checked.error());
    auto facts = remember(own, text, std::move(*claims), now);
    return identify(ex, facts, config_.issuer);
  }
  std::shared_ptr<const TokenClaims> remember(Own& own, std::string_view text, jose::Json claims,
                                              WallTime now) const {
    WallTime ends = jose::expiry(claims) + rules_.leeway, begins = jose::beginning(claims) - rules_.leeway;
    auto facts = std::make_shared<TokenClaims>(std::move(claims), config_.groups_claim);
    facts->begins = begins;
    facts->lacks = chain::what_lacks(*facts, config_);
    if (config_.cache > 0) own.known.put(text, facts, ends, now);
    return facts;
  }

  JwtConfig config_;
  jose::Algorithms allowed_;
  jose::ClaimRules rules_;
  std::shared_ptr<jose::KeySource> source_;
  chain::PerWorker<Own> own_;
};

const chain::FilterKind<JwtFilter, JwtConfig> kJwt{"jwt", chain::Stage::identify,
                                                   "Tells the caller by a signed JSON Web Token.",
                                                   "{issuer: \"https://idp.example.com\", audience: api}"};

}  // namespace
}  // namespace sluice::filters
