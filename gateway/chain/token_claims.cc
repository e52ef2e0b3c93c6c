// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/token_claims.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/claims.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/joined.h"
#include "gateway/jose/token.h"

namespace sluice::chain {
namespace {

using jose::JsonKind;
using jose::JsonValue;

// Deeper members have no name of their own.
constexpr int kDeepest = 4;

bool is_one_of(std::string_view word, std::span<const std::string_view> words) noexcept {
  return std::find(words.begin(), words.end(), word) != words.end();
}

}  // namespace

TokenClaims::TokenClaims(jose::Json claims, std::string_view groups_claim) : json_(std::move(claims)) {
  claims_.reserve(json_.size());
  values_.reserve(json_.size());
  flatten(json_.root(), "", 1);
  scopes_ = words("scope");
  if (scopes_.empty()) scopes_ = words("scp");
  names_scopes_ = lists("scope") || lists("scp");
  groups_ = words(groups_claim);
  issued = jose::time_claim(json_, "iat");
}

void TokenClaims::flatten(const JsonValue& object, const std::string& prefix, int depth) {
  for (const JsonValue* v = json_.first(object); v; v = json_.next(*v)) {
    std::string_view name = v->name;
    if (!prefix.empty()) name = names_.emplace_back(prefix + "." + std::string(name));
    claims_.push_back({name, v->text});
    values_.push_back(v);
    if (v->is(JsonKind::object) && depth < kDeepest) flatten(*v, std::string(name), depth + 1);
  }
}

std::string_view TokenClaims::claim(std::string_view name) const noexcept {
  const Claim* found = find_claim(claims_, name);
  return found ? found->text : std::string_view();
}

bool TokenClaims::lists(std::string_view claim) const noexcept {
  const Claim* found = find_claim(claims_, claim);
  if (!found) return false;
  const JsonValue& value = *values_[static_cast<std::size_t>(found - claims_.data())];
  return value.is(JsonKind::array) || value.is(JsonKind::string);
}

// A text of words between blanks, or a list of texts.
std::vector<std::string_view> TokenClaims::words(std::string_view claim) {
  std::vector<std::string_view> out;
  const Claim* found = find_claim(claims_, claim);
  if (!found) return out;
  const JsonValue& value = *values_[static_cast<std::size_t>(found - claims_.data())];
  if (value.is(JsonKind::array)) {
    for (const JsonValue* v = json_.first(value); v; v = json_.next(*v))
      if (v->is(JsonKind::string)) out.push_back(v->text);
  } else if (value.is(JsonKind::string)) {
    for (std::string_view rest = value.text; !rest.empty();) {
      auto end = std::min(rest.find(' '), rest.size());
      if (end > 0) out.push_back(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
    }
  }
  return out;
}

std::string what_lacks(const TokenClaims& facts, const TokenRulesConfig& rules) {
  for (const std::string& scope : rules.require_scopes)
    if (!is_one_of(scope, facts.scopes())) return "the scope `" + scope + "`";
  for (const auto& [name, wanted] : rules.require_claims) {
    bool good = false;
    for (std::size_t i = 0; i < facts.claims_.size(); ++i) {
      if (facts.claims_[i].name != name) continue;
      const JsonValue& value = *facts.values_[i];
      good = good || value.text == wanted;
      if (!value.is(JsonKind::array)) continue;
      for (const JsonValue* v = facts.json_.first(value); v; v = facts.json_.next(*v))
        good = good || v->text == wanted;
    }
    if (!good) return "the claim `" + name + "` with the value that is needed here";
  }
  return "";
}

bool is_revoked(const Exchange& ex, const TokenClaims& token, const TokenJudge& judge) {
  if (!judge.revocations) return false;
  TokenFacts facts{judge.issuer, token.claim("jti"), token.subject(), token.issued};
  return judge.revocations->revoked(ex.worker.index, facts);
}

Verdict identify_by_token(Exchange& ex, const std::shared_ptr<const TokenClaims>& token,
                          const TokenRulesConfig& rules, const TokenJudge& judge) {
  if (is_revoked(ex, *token, judge)) return Verdict::refused(judge.challenge, kRevoked);
  if (!token->lacks.empty())
    return Verdict::forbidden(ex.arena.join("the token does not have ", token->lacks));
  Identity identity;
  if (ex.consumers) {
    const Credential* known = ex.consumers->find_token(judge.issuer, token->claims(), ex.arena);
    if (known && known->expired(ex.worker.loop.clock()))
      return Verdict::refused(judge.challenge, "the consumer's tokens are not taken any more");
    const Consumer* consumer = known ? known->consumer : nullptr;
    if (!consumer && !rules.consumer_claim.empty())
      consumer = ex.consumers->find(token->claim(rules.consumer_claim));
    if (consumer) identity = identity_of(*consumer, judge.method, token->subject());
  }
  if (identity.consumer.empty() && rules.require_consumer)
    return Verdict::forbidden("the token belongs to no consumer that is known here");
  identity.method = judge.method;
  identity.issuer = judge.issuer;
  identity.credential = token->subject();
  identity.claims = token->claims();
  // A token that names scopes narrows what its bearer may do; one that names an empty list, to nothing.
  if (token->names_scopes()) identity.scopes = token->scopes();
  identity.groups = joined(identity.groups, token->groups(), ex.arena);
  identity.owner = token;
  ex.identity = std::move(identity);
  return Verdict::ok();
}

ClaimFields::ClaimFields(const config::ByName<std::string>& headers, Builder& builder) {
  for (const auto& [name, claim] : headers) {
    told_.push_back({name, claim});
    builder.tells_identity(name);
  }
}

void ClaimFields::set(Exchange& ex, std::span<const Claim> claims) const {
  for (const Told& told : told_) {
    const Claim* claim = find_claim(claims, told.claim);
    if (claim && !claim->text.empty() && told_by_field(claim->text)) {
      ex.request.fields.set(told.field, ex.arena.copy(claim->text));
    } else {
      ex.request.fields.remove(told.field);
    }
  }
}

}  // namespace sluice::chain
