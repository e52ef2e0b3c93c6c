// SPDX-License-Identifier: Apache-2.0
// The filter `require`: what a caller must have beyond being known: groups, scopes, claims, or whatever a
// condition says. Who has not is refused with 403; who was let through without a credential is asked for one,
// with 401.
#include <algorithm>

#include "gateway/chain/claims.h"
#include "gateway/chain/condition.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/observe/policy_metrics.h"

namespace sluice::filters {

struct ClaimValues {
  std::vector<std::string> any;
  bool operator==(const ClaimValues&) const = default;
};
void describe(config::Description<ClaimValues>& d) {
  using namespace config;
  d.about("claim_values", "What a claim may say: one of these texts, or an array that holds one of them.");
  d.field("any", &ClaimValues::any, "The texts.", required, one_or_many, min_items(1));
  d.shorthand(&ClaimValues::any);
}

struct RequireConfig {
  std::vector<std::string> groups, scopes;
  config::ByName<ClaimValues> claims;
  std::optional<chain::Condition> when;
  bool operator==(const RequireConfig&) const = default;

  bool about_caller() const {
    return !groups.empty() || !scopes.empty() || !claims.empty() || (when && when->about_identity());
  }
  std::optional<chain::Stage> needs() const {
    return about_caller() ? std::optional(chain::Stage::identify) : std::nullopt;
  }
};

void describe(config::Description<RequireConfig>& d) {
  using namespace config;
  d.about("require",
          "Refuses callers who lack what is written here: 403 if they are known, 401 if they came without a "
          "credential. All of the settings must be met.");
  d.field("groups", &RequireConfig::groups, "The caller is in one of these groups.", one_or_many, unique,
          min_items(1), each(non_empty), example("[staff, partners]"));
  d.field("scopes", &RequireConfig::scopes, "The caller has all of these scopes.", one_or_many, unique,
          min_items(1), each(non_empty), example("[orders:read]"));
  d.field("claims", &RequireConfig::claims, "Each of these claims says one of the texts given for it.",
          min_items(1), example("{tier: [gold, platinum], email_verified: \"true\"}"));
  d.field("when", &RequireConfig::when,
          "A condition on the caller or the request. What is not there is the empty text: ask for it with "
          "`has()` where that would do.",
          example("has(claim.tenant) && claim.tenant == path.tenant"));
  d.at_least_one({"groups", "scopes", "claims", "when"});
}

namespace {

using base::Reason;
using chain::Exchange;
using chain::Step;
using observe::Decision;

bool has(std::span<const std::string_view> all, std::string_view one) noexcept {
  return std::find(all.begin(), all.end(), one) != all.end();
}

class RequireFilter final : public chain::Filter {
 public:
  RequireFilter(const RequireConfig& c, chain::Builder& builder)
      : config_(c), decisions_(builder.decisions()) {}

  base::Task<Step> on_request(Exchange& ex) const override {
    std::string_view lacking = what_is_missing(ex);
    decisions_->count(ex.worker.index, lacking.empty() ? Decision::allow : Decision::deny);
    if (lacking.empty()) return Step::next;
    // A credential may help only where it matters who calls.
    return config_.about_caller() ? chain::reply_to_caller(ex, lacking)
                                  : chain::reply(ex, Reason::forbidden, lacking);
  }

 private:
  // For the caller to read; "" if nothing is.
  std::string_view what_is_missing(Exchange& ex) const {
    const chain::Identity& who = ex.identity;
    if (!config_.groups.empty() && std::none_of(config_.groups.begin(), config_.groups.end(),
                                                [&](const auto& g) { return has(who.groups, g); }))
      return "the caller is in none of the groups that may do this";
    for (const std::string& scope : config_.scopes)
      if (!has(who.scopes, scope)) return ex.arena.join("the scope `", scope, "` is missing");
    for (const auto& [name, values] : config_.claims)
      if (std::none_of(values.any.begin(), values.any.end(),
                       [&, &n = name](const auto& v) { return chain::claims_say(who.claims, n, v); }))
        return ex.arena.join("the claim `", name, "` does not say what is needed");
    if (config_.when && !config_.when->holds(ex)) return "the condition for this does not hold";
    return {};
  }

  RequireConfig config_;
  std::shared_ptr<observe::PolicyMetrics> decisions_;
};

const chain::FilterKind<RequireFilter, RequireConfig> kRequire{
    "require", chain::Stage::allow,
    "Refuses callers without certain groups, scopes or claims, or by a condition.",
    "{groups: [partners], scopes: [orders:read]}"};

}  // namespace
}  // namespace sluice::filters
