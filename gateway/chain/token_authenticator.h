// SPDX-License-Identifier: Apache-2.0
// TokenAuthenticator: the base of the filters that tell the caller by a token (`jwt`, `introspection`). Where
// requests carry it, what callers are told who bring none or a bad one, what its claims make of the caller
// and what upstreams see of it is the same for all; what a token is worth is for the filter to say:
//
//   class JwtFilter final : public chain::TokenAuthenticator {
//    public:
//     JwtFilter(const JwtConfig& c, chain::Builder& b) : TokenAuthenticator("jwt", c, b) {}
//    private:
//     base::Task<chain::Verdict> judge(chain::Exchange& ex, std::string_view token) const override {
//       if (...) return bad("the token has expired");
//       return identify(ex, facts, issuer);
//     }
//   };
#pragma once
#include <memory>
#include <string>
#include <string_view>

#include "gateway/chain/authenticator.h"
#include "gateway/chain/bearer.h"
#include "gateway/chain/token_claims.h"

namespace sluice::chain {

// What the settings of such filters derive from.
struct TokenFilterConfig : TokenRulesConfig {
  TokenPlaceConfig from;
  std::string realm = "sluice";
  bool keep = false;
  bool operator==(const TokenFilterConfig&) const = default;
};

template <class C>
void describe_token_filter(config::Description<C>& d) {
  using namespace config;
  d.field("from", &C::from, "Where requests carry the token.", default_is("Authorization: Bearer"));
  d.field("realm", &C::realm, "What the caller is told it needs a token for, in a 401.",
          pattern("[ !#-\\[\\]-~]*", "visible ASCII characters without quotes and backslashes"));
  d.field("keep", &C::keep, "Lets the upstream see the token.");
  describe_token_rules(d);
}

class TokenAuthenticator : public Authenticator {
 public:
  // `method`: see Authenticator.
  TokenAuthenticator(std::string_view method, const TokenFilterConfig& config, Builder& builder);

  base::Task<Verdict> authenticate(Exchange& ex) const override;
  void hide(Exchange& ex) const override;
  void tell_upstream(Exchange& ex) const override;
  void refuse(Exchange& ex, const Verdict& verdict) const override;

 protected:
  // What the one token of the request is worth; it lies in the request and may be empty. identify() gives the
  // verdict on a good one.
  virtual base::Task<Verdict> judge(Exchange& ex, std::string_view token) const = 0;

  // Makes the bearer the caller, unless the token was revoked or lacks something. Consumers are looked up by
  // `issuer`.
  Verdict identify(Exchange& ex, const std::shared_ptr<const TokenClaims>& token,
                   std::string_view issuer) const;
  Verdict bad(std::string_view why) const { return Verdict::refused(bearer_.invalid_token(), why); }
  const TokenRulesConfig& rules() const noexcept { return rules_; }

 private:
  struct Local {
    const TokenClaims* token;  // kept alive by the identity of the verdict; for tell_upstream() alone
  };

  TokenRulesConfig rules_;
  bool keep_;
  Bearer bearer_;
  ClaimFields fields_;
  const Revocations* revocations_;
};

}  // namespace sluice::chain
