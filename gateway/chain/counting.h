// SPDX-License-Identifier: Apache-2.0
// CountingFilter: what filters have in common that count what callers do and refuse those who do too much: by
// what callers are told apart, which of several sets of limits is theirs, what a request costs, what
// responses tell. `rate_limit` and `quota` add how it is counted.
//
// A request is charged before the rest of the chain sees it, and given back what it was charged if another
// limit there refuses it. Where its cost is read from the response it is corrected before that leaves, and a
// body of unknown length is charged as it passes: the request itself was allowed by what was known of it, and
// what is missing is made up for by those that come later. So is what the body of the response says of the
// cost, when it has passed.
#pragma once
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "gateway/chain/caller_key.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/rate_fields.h"
#include "gateway/chain/registry.h"
#include "gateway/observe/policy_metrics.h"
#include "gateway/observe/result_metrics.h"
#include "gateway/stores/stores.h"

namespace sluice::chain {

inline constexpr std::uint64_t kMostCost = 1'000'000'000;

// What a request is counted as.
struct CostConfig {
  std::uint64_t usual = 1;
  std::string request_header, response_header, response_json;
  std::optional<config::Size> body;
  config::ByName<std::uint64_t> routes;
  bool operator==(const CostConfig&) const = default;
  // The largest that is written.
  std::uint64_t most() const;
};
void describe(config::Description<CostConfig>& d);

// By what callers have other limits than everybody.
struct TierBy {
  enum class Kind : std::uint8_t { group, consumer, metadata };
  Kind kind = Kind::group;
  std::string name = {};  // of metadata
  bool operator==(const TierBy&) const = default;
};
void describe(config::Text<TierBy>& t);

// The base of the settings of such a filter.
struct CountingConfig {
  std::vector<KeyPart> by = {{}};
  MissingKey missing = MissingKey::by_ip;
  CostConfig cost;
  TierBy tier_by;
  std::string store{stores::kMemory};
  RateFields headers = RateFields::standard;
  bool dry_run = false;
  bool operator==(const CountingConfig&) const = default;
};

template <class C>
void describe_counting(config::Description<C>& d) {
  using namespace config;
  d.field("by", &C::by, "What tells callers apart. `ip` takes IPv6 addresses by their first 64 bits.",
          one_or_many, min_items(1), max_items(std::size_t{8}), unique, example("consumer"),
          example("[consumer, route]"));
  d.field("missing", &C::missing, "What to do with a request that lacks a part of the key.");
  d.field("cost", &C::cost, "What a request is counted as.", example("4"),
          example("{response_header: X-Cost, default: 1}"));
  d.field("tier_by", &C::tier_by, "What names of `tiers` are names of.", example("metadata.plan"));
  d.field("headers", &C::headers, "What responses tell about the limit.");
  d.field("dry_run", &C::dry_run, "Only counts and logs what would be refused.");
}

// Of the settings `T` of a tier: its limits, at most `most` of them, or none at all.
template <class T>
void describe_tier(config::Description<T>& d, const char* limits, std::size_t most) {
  using namespace config;
  d.field("limit", &T::limit, limits, one_or_many, max_items(most));
  d.field("unlimited", &T::unlimited, "They are not counted at all.");
  d.shorthand(&T::limit);
  d.word("unlimited", "They are not counted at all.", [](T& t) { t.unlimited = true; });
  d.exactly_one({"limit", "unlimited"});
  d.check([](const T& t, const Site& at) {
    if (t.limit.empty() && !t.unlimited) at.error("", "needs a limit, or the word `unlimited`");
  });
}

// Calls `check(limit, before, place)` for the limits of everybody and of each tier: with those that stand
// before it in its list, and the path of its setting.
template <class C, class Check>
void check_each_limit(const C& c, Check check) {
  auto check_all = [&](const auto& limits, const std::string& field) {
    for (std::size_t i = 0; i < limits.size(); ++i)
      check(limits[i], std::span(limits).first(i), field + "[" + std::to_string(i) + "]");
  };
  check_all(c.limit, "limit");
  for (const auto& [name, tier] : c.tiers) check_all(tier.limit, "tiers." + name + ".limit");
}

class CountingFilter : public Filter {
 public:
  base::Task<Step> on_request(Exchange& ex) const final;
  base::Task<void> on_response(Exchange& ex) const final;

 protected:
  // The limits for one sort of callers, as they are told.
  struct Tier {
    std::string name;  // "" for everybody, the first one
    bool unlimited = false;
    std::uint64_t most = 0;  // that one request may cost
    std::vector<RateFieldTexts> texts;
    std::string policy_field;
    void add(RateFieldTexts text);
  };
  struct Charge {
    std::size_t tier = 0;
    std::string_view key;  // in the exchange's arena
    std::int64_t cost = 1;
    stores::Instant at = 0;    // when it was charged
    base::WallTime wall_at{};  // the same by the calendar, if it is counted by that
    bool local = false;        // this process alone was asked, as the store did not answer
  };

  // `reason` of refusals; `family` counts the decisions, by policy and result.
  CountingFilter(const CountingConfig& c, Builder& builder, base::Reason reason, observe::Family family);
  void add(Tier tier) { tiers_.push_back(std::move(tier)); }
  const std::string& owner() const noexcept { return owner_; }
  bool confidential() const noexcept { return key_.confidential(); }
  // What responses call a limit that the configuration gives no name: what it is among those of the policy, ""
  // for the only one, and where several policies count in a chain which of them it belongs to.
  std::string told_as(std::string_view limit) const;

  // May note in the charge when that was by the calendar, before it waits.
  virtual base::Task<stores::Taken> take(Exchange& ex, Charge& charge) const = 0;
  // `charge.cost` beyond what was taken, or less; whatever is left.
  virtual base::Task<stores::Taken> correct(Exchange& ex, const Charge& charge) const = 0;

 private:
  class ChargingBody;
  class ChargedBody;
  class PricedBody;
  struct Local {
    const Tier* tier = nullptr;  // null: nothing to tell
    stores::Taken taken;
    Charge charged;  // in all so far; of no key: not to be corrected
    void correct(const stores::Taken& now) noexcept {
      if (now.decider != stores::Decider::nobody) taken = now;
    }
  };

  std::size_t tier_of(const Exchange& ex) const noexcept;
  std::uint64_t cost_of(const Exchange& ex, const Tier& tier) const noexcept;
  std::uint64_t cost_of_body(std::uint64_t bytes) const noexcept;
  void charge_as_it_passes(Exchange& ex) const;
  void read_cost_as_it_passes(Exchange& ex) const;
  Step without_key(Exchange& ex, const KeyPart& missing) const;
  Step decide(Exchange& ex, const Charge& charge, const stores::Taken& taken) const;
  void would_have_refused(Exchange& ex) const;
  void count(const Exchange& ex, const stores::Taken& taken) const;
  base::Task<Step> decide_later(Exchange& ex, Charge charge, base::Task<stores::Taken> taking) const;
  base::Task<void> tell_later(Exchange& ex, base::Task<stores::Taken> correcting) const;
  // What a request that was charged so much turns out to cost beyond that, which is then to be corrected.
  Charge settle(Exchange& ex, Charge& charged) const;
  void tell(Exchange& ex) const;

  std::string owner_;
  std::string apart_;  // from others of its kind in the chain; "" where there is none
  CallerKey key_;
  CostConfig cost_;
  std::vector<std::string> cost_at_;  // the names that lead to it in a response of JSON
  std::uint64_t usual_;               // on this route
  TierBy tier_by_;
  RateFields headers_;
  bool dry_run_;
  base::Reason reason_;
  std::vector<Tier> tiers_;
  mutable observe::ResultMetrics metrics_;
  std::shared_ptr<observe::PolicyMetrics> decisions_;
};

}  // namespace sluice::chain
