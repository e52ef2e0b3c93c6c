// SPDX-License-Identifier: Apache-2.0
// The filter `introspection`: tells the caller by a token that only its authorization server understands, and
// is asked about (RFC 7662). What it says of a good token is remembered for a minute at most, of a bad one
// for a few seconds; of several requests of a worker with the same token one asks. A server that does not
// answer makes tokens unavailable (503), never wrong (401).
#include <string>

#include "gateway/chain/call.h"
#include "gateway/chain/counted_wait.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/form_call.h"
#include "gateway/chain/per_worker.h"
#include "gateway/chain/registry.h"
#include "gateway/chain/single_flight.h"
#include "gateway/chain/token_authenticator.h"
#include "gateway/chain/verdict_cache.h"
#include "gateway/jose/digest.h"
#include "gateway/jose/token.h"

namespace sluice::filters {

using namespace std::chrono_literals;

struct IntrospectionConfig : chain::TokenFilterConfig {
  std::string to;
  std::string path;
  std::string client_id;
  config::Secret client_secret;
  config::Secret bearer;
  std::string issuer;
  std::vector<std::string> audience;
  config::Duration timeout = 2s;
  config::Duration remember = 60s;
  config::Duration remember_bad = 5s;
  std::uint32_t cache = 1000;
  bool operator==(const IntrospectionConfig&) const = default;
};

void describe(config::Description<IntrospectionConfig>& d) {
  using namespace config;
  d.about(
      "introspection",
      "Tells the caller by a token that the authorization server is asked about (RFC 7662), opaque or not.");
  d.field("to", &IntrospectionConfig::to, "Upstream of the authorization server.", required,
          reference("upstream"));
  d.field("path", &IntrospectionConfig::path, "Path of its introspection endpoint.", required,
          check([](const std::string& path) { return chain::refuse_call_uri(path, "/oauth2/introspect"); }),
          example("/oauth2/introspect"));
  d.field("client_id", &IntrospectionConfig::client_id, "Who asks: the gateway's own client id there.");
  d.field("client_secret", &IntrospectionConfig::client_secret, "The secret of that client.",
          example("${env:INTROSPECTION_SECRET}"));
  d.field("bearer", &IntrospectionConfig::bearer, "A token to ask with, in place of client id and secret.");
  d.field("issuer", &IntrospectionConfig::issuer,
          "What the answer must say in `iss`, if it says anything there, and what consumers list their "
          "tokens under. Default: not "
          "looked at.");
  d.field("audience", &IntrospectionConfig::audience, "The answer must name one of these in `aud`.",
          one_or_many, each(non_empty));
  d.field("timeout", &IntrospectionConfig::timeout, "How long the server may take, retries included.",
          at_least(1ms));
  d.field(
      "remember", &IntrospectionConfig::remember,
      "How long a good token is remembered, at most until it expires. So long may one that was revoked still "
      "pass.",
      between(0s, 60s));
  d.field("remember_bad", &IntrospectionConfig::remember_bad, "How long a bad token is remembered.",
          between(0s, 60s));
  d.field("cache", &IntrospectionConfig::cache,
          "How many good tokens each worker remembers, and how many bad ones.", between(0u, 1'000'000u));
  chain::describe_token_filter(d);
  d.at_most_one({"client_id", "bearer"});
  d.check([](const IntrospectionConfig& c, const Site& at) {
    if (c.client_id.empty() != c.client_secret.value.empty())
      at.error("client_id", "stands with `client_secret`, and that with it");
  });
}

namespace {

using base::SteadyTime;
using base::Task;
using base::WallTime;
using chain::Exchange;
using chain::TokenClaims;
using chain::Verdict;

constexpr std::size_t kLargestIntrospected = 64 * 1024;

// When a token ends that its server calls active. Servers write a far moment, or null, for one that never
// does.
WallTime end_of_active(const jose::Json& json) noexcept {
  const jose::JsonValue* said = json.find("exp");
  if (!said || said->is(jose::JsonKind::null)) return WallTime::max();
  return said->number().value_or(0) > jose::kLatestTime ? WallTime::max() : jose::expiry(json);
}

std::string credentials(const IntrospectionConfig& c) {
  if (!c.bearer.value.empty()) return "Bearer " + c.bearer.value;
  if (c.client_id.empty()) return "";
  return chain::client_authorization(c.client_id, c.client_secret.value);
}

class Introspection final : public chain::TokenAuthenticator {
 public:
  Introspection(const IntrospectionConfig& c, chain::Builder& builder)
      : TokenAuthenticator("introspection", c, builder),
        config_(c),
        caller_(settings(c), builder),
        authorization_(credentials(c)),
        own_(builder.workers()) {
    if (authorization_.empty())
      builder.warning("", "the server is asked without credentials, which it should not allow",
                      "say `client_id` and `client_secret`, or `bearer`");
  }

 private:
  // What the server says of a token.
  struct Told {
    std::shared_ptr<const TokenClaims> facts;  // null: it is not active, or
    std::string failure;                       // nothing was said
  };
  // By digests of tokens: what was learnt of a token outlives its request, the token itself does not.
  struct Own {
    explicit Own(std::size_t most) : good(most), bad(most) {}
    chain::SingleFlight<Told> flights;
    chain::VerdictCache<TokenClaims, SteadyTime> good;
    chain::VerdictCache<char, SteadyTime>
        bad;  // apart, so that whoever invents tokens pushes no good one out
  };

  static chain::CallSettings settings(const IntrospectionConfig& c) {
    chain::CallSettings out;
    out.upstream = c.to;
    out.timeout = c.timeout;
    return out;
  }
  Own& of(Exchange& ex) const {
    return own_.of(ex.worker.index, [&] { return std::make_unique<Own>(config_.cache); });
  }
  std::string_view issuer_of(const TokenClaims& facts) const noexcept {
    return config_.issuer.empty() ? facts.claim("iss") : std::string_view(config_.issuer);
  }
  Verdict not_active() const { return bad("the token is not active"); }
  Verdict verdict_of(Exchange& ex, const Told& told) const {
    if (told.facts) return identify(ex, told.facts, issuer_of(*told.facts));
    if (told.failure.empty()) return not_active();
    return Verdict::unavailable(ex.arena.join("the authorization server ", told.failure));
  }

  Task<Verdict> judge(Exchange& ex, std::string_view token) const override {
    if (token.empty() || token.size() > jose::Token::kMaxSize) return bad("the token is empty or too large");
    Own& own = of(ex);
    SteadyTime now = ex.worker.loop.now();
    const jose::Digest digest = jose::sha256(token);
    if (const auto* known = own.good.find(jose::view(digest), now)) {
      if (ex.worker.loop.clock().wall() >= (*known)->ends) return bad("the token has expired");
      return identify(ex, *known, issuer_of(**known));
    }
    if (own.bad.find(jose::view(digest), now)) return not_active();
    return ask_once(ex, own, std::string(token), std::string(jose::view(digest)));
  }

  Task<Verdict> ask_once(Exchange& ex, Own& own, std::string token, std::string digest) const {
    while (own.flights.underway(digest) && !ex.scope.cancelled()) {
      chain::CountedWait counted(ex);
      auto told = co_await own.flights.join(digest);
      if (told) co_return verdict_of(ex, *told);
    }
    // One that cannot wait any more asks nobody.
    if (ex.scope.cancelled()) co_return Verdict::unavailable("the caller did not wait");
    auto lead = own.flights.lead(digest);
    Task<Told> asking = ask(ex, own, token, digest);
    Told answer = co_await asking;
    auto told = std::make_shared<const Told>(std::move(answer));
    // What fails because this client has left says nothing to the others.
    if (!ex.scope.cancelled()) lead.land(told);
    co_return verdict_of(ex, *told);
  }
  Task<Told> ask(Exchange& ex, Own& own, const std::string& token, const std::string& digest) const {
    const std::string body = "token=" + chain::component(token) + "&token_type_hint=access_token";
    const chain::FormCall form(config_.path, authorization_, body, kLargestIntrospected);
    auto calling = caller_.call(ex, form.request());
    auto answer = co_await calling;
    auto failed = [](std::string why) { return Told{nullptr, std::move(why)}; };
    if (!answer)
      co_return failed("cannot be asked: " + std::string(base::row(answer.error().reason).name) + " " +
                       answer.error().detail);
    if (answer->status != 200) co_return failed("answers with status " + std::to_string(answer->status));
    auto json = jose::Json::parse(answer->body);
    if (!json) co_return failed("does not answer with JSON: " + json.error().detail);
    const jose::JsonValue* active = json->find("active");
    if (!active || !active->is(jose::JsonKind::boolean)) co_return failed("does not say `active`");
    co_return settle(ex, own, digest, std::move(*json), active->text == "true");
  }

  Told settle(Exchange& ex, Own& own, std::string_view digest, jose::Json json, bool active) const {
    WallTime wall = ex.worker.loop.clock().wall();
    SteadyTime now = ex.worker.loop.now();
    if (!active || !fits(json, wall)) {
      if (config_.cache > 0 && config_.remember_bad > 0s)
        own.bad.put(digest, std::make_shared<const char>(), now + config_.remember_bad, now);
      return {};
    }
    const WallTime ends = end_of_active(json);
    auto facts = std::make_shared<TokenClaims>(std::move(json), config_.groups_claim);
    facts->ends = ends;
    facts->lacks = chain::what_lacks(*facts, config_);
    base::Duration left =
        ends == WallTime::max() ? config_.remember : std::min(config_.remember, ends - wall);
    if (config_.cache > 0 && left > 0s) own.good.put(digest, facts, now + left, now);
    return {std::move(facts), {}};
  }
  // The server has judged the token; what is for this service to know is whether it is meant.
  bool fits(const jose::Json& json, WallTime wall) const {
    if (end_of_active(json) <= wall) return false;
    if (jose::beginning(json) > wall + 60s) return false;
    const jose::JsonValue* issuer = json.find("iss");
    if (!config_.issuer.empty() && issuer && issuer->text != config_.issuer) return false;
    return config_.audience.empty() || jose::names_audience(json, config_.audience);
  }

  IntrospectionConfig config_;
  chain::Caller caller_;
  std::string authorization_;
  chain::PerWorker<Own> own_;
};

const chain::FilterKind<Introspection, IntrospectionConfig> kIntrospection{
    "introspection", chain::Stage::identify,
    "Tells the caller by a token that its authorization server is asked about.",
    "{to: idp, path: /oauth2/introspect, client_id: gateway, client_secret: "
    "a-secret}"};

}  // namespace
}  // namespace sluice::filters
