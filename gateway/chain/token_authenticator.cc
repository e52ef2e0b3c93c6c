// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/token_authenticator.h"

namespace sluice::chain {

TokenAuthenticator::TokenAuthenticator(std::string_view method, const TokenFilterConfig& config,
                                       Builder& builder)
    : Authenticator(method, builder),
      rules_(static_cast<const TokenRulesConfig&>(config)),
      keep_(config.keep),
      bearer_(config.from, config.realm, builder),
      fields_(config.headers, builder),
      revocations_(builder.revocations()) {}

base::Task<Verdict> TokenAuthenticator::authenticate(Exchange& ex) const {
  auto found = bearer_.find(ex);
  if (found.count == 0) return Verdict::absent(bearer_.absent(), "a token is needed");
  if (found.count > 1)
    return Verdict::refused(bearer_.invalid_request(), "the request has more than one token");
  return judge(ex, found.token);
}

void TokenAuthenticator::hide(Exchange& ex) const {
  if (!keep_) bearer_.remove(ex);
}

void TokenAuthenticator::tell_upstream(Exchange& ex) const {
  fields_.set(ex, ex.local<Local>(*this).token->claims());
}

void TokenAuthenticator::refuse(Exchange& ex, const Verdict& verdict) const {
  Authenticator::refuse(ex, verdict);
  if (verdict.outcome == Verdict::Outcome::forbidden)
    ex.response.fields.add("WWW-Authenticate", bearer_.insufficient_scope());
}

Verdict TokenAuthenticator::identify(Exchange& ex, const std::shared_ptr<const TokenClaims>& token,
                                     std::string_view issuer) const {
  auto verdict =
      identify_by_token(ex, token, rules_, {method(), issuer, bearer_.invalid_token(), revocations_});
  if (verdict) ex.local<Local>(*this).token = token.get();
  return verdict;
}

}  // namespace sluice::chain
