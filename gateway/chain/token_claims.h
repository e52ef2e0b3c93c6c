// SPDX-License-Identifier: Apache-2.0
// TokenClaims: what a token that was found good says about its bearer, in the form in which an Identity shows
// it. Made once for each token and kept by caches; immutable. For tokens that were checked here and for those
// that an authorization server has told about.
#pragma once
#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/builder.h"
#include "gateway/chain/field_texts.h"
#include "gateway/chain/identity.h"
#include "gateway/chain/revocations.h"
#include "gateway/config/describe.h"
#include "gateway/jose/json.h"

namespace sluice::chain {

// What of a token's claims means what, and what they must say.
struct TokenRulesConfig {
  std::vector<std::string> require_scopes;
  config::ByName<std::string> require_claims;
  std::string groups_claim = "groups";
  std::string consumer_claim;
  bool require_consumer = false;
  config::ByName<std::string> headers;
  bool operator==(const TokenRulesConfig&) const = default;
};

// For filters whose settings derive from these.
template <class C>
void describe_token_rules(config::Description<C>& d) {
  using namespace config;
  d.field("require_scopes", &C::require_scopes,
          "Scopes that the token must have, all of them; without one the answer is 403.", one_or_many,
          each(non_empty), example("[orders]"));
  d.field(
      "require_claims", &C::require_claims,
      "Claims that the token must have with that value, or as one of a list; without one the answer is 403. "
      "Members of objects by dotted names.",
      example("{tenant: acme}"));
  d.field("groups_claim", &C::groups_claim, "Claim that lists the caller's groups.",
          example("realm_access.roles"));
  d.field("consumer_claim", &C::consumer_claim,
          "Claim that holds the name of the consumer who calls. Otherwise, and first, a consumer is found by "
          "what it lists under `tokens`.",
          example("client_id"));
  d.field("require_consumer", &C::require_consumer,
          "Refuses, with 403, tokens that belong to none of the consumers listed.");
  d.field("headers", &C::headers,
          "Fields that tell the upstream of claims. A field is removed where the token has no such claim, or "
          "one with control characters or with blanks at its ends; what clients send under its name always "
          "is.",
          each(non_empty), example("{X-User: sub, X-Tenant: tenant}"));
  d.check([](const C& c, const Site& at) {
    for (const auto& [name, claim] : c.headers)
      if (auto wrong = refuse_field(name); !wrong.empty()) at.error(path("headers", name), wrong);
  });
}

class TokenClaims {
 public:
  TokenClaims(jose::Json claims, std::string_view groups_claim);
  TokenClaims(const TokenClaims&) = delete;

  std::span<const Claim> claims() const noexcept { return claims_; }
  // "" if there is none.
  std::string_view claim(std::string_view name) const noexcept;
  std::span<const std::string_view> scopes() const noexcept { return scopes_; }
  // Does it say which, if only by an empty list?
  bool names_scopes() const noexcept { return names_scopes_; }
  std::span<const std::string_view> groups() const noexcept { return groups_; }
  std::string_view subject() const noexcept { return claim("sub"); }

  base::WallTime issued{};  // the epoch if it does not say
  base::WallTime begins = base::WallTime::min();
  base::WallTime ends = base::WallTime::max();
  std::string lacks;  // what it would need for this filter and does not say; "" if nothing

 private:
  void flatten(const jose::JsonValue& object, const std::string& prefix, int depth);
  // Is there such a claim, and of a kind that words() reads?
  bool lists(std::string_view claim) const noexcept;
  std::vector<std::string_view> words(std::string_view claim);

  jose::Json json_;
  std::deque<std::string> names_;  // dotted ones
  std::vector<Claim> claims_;
  std::vector<const jose::JsonValue*> values_;  // of the same indices
  std::vector<std::string_view> scopes_, groups_;
  bool names_scopes_ = false;

  friend std::string what_lacks(const TokenClaims& facts, const TokenRulesConfig& rules);
};

// What `facts` do not say and the rules ask for: "the scope orders"; "" if nothing.
std::string what_lacks(const TokenClaims& facts, const TokenRulesConfig& rules);

// Who has found the token good.
struct TokenJudge {
  std::string_view method;     // the kind of filter
  std::string_view issuer;     // what consumers are looked up by; as lasting as what an Identity shows
  std::string_view challenge;  // to bad tokens
  const Revocations* revocations = nullptr;
};

// Why a token is refused that has been taken back.
inline constexpr std::string_view kRevoked = "the token has been revoked";
// Has a token that says this been taken back?
bool is_revoked(const Exchange& ex, const TokenClaims& token, const TokenJudge& judge);

// Makes the bearer the caller: sets the identity, if the verdict is ok.
Verdict identify_by_token(Exchange& ex, const std::shared_ptr<const TokenClaims>& token,
                          const TokenRulesConfig& rules, const TokenJudge& judge);

// The request fields that tell the upstream of the claims of one token: set, or removed where it has no such
// claim. Of that token alone: another filter may have found out more about the caller, by an issuer whose
// claims mean something else.
class ClaimFields {
 public:
  ClaimFields(const config::ByName<std::string>& headers, Builder& builder);
  void set(Exchange& ex, std::span<const Claim> claims) const;

 private:
  struct Told {
    std::string field, claim;
  };
  std::vector<Told> told_;
};

}  // namespace sluice::chain
