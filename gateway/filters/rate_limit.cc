// SPDX-License-Identifier: Apache-2.0
// The filter `rate_limit`: how often a caller may come. Every request is charged against all limits at once
// or against none; the answer to one that is refused is 429 with the time after which to come again. Counters
// belong to the policy, not to the route: where a policy is used by several routes they share them.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "gateway/chain/builder.h"
#include "gateway/chain/counting.h"
#include "gateway/config/amounts.h"

namespace sluice::filters {

struct OneLimit {
  config::Rate rate;
  std::optional<std::uint64_t> burst;
  std::string name;
  bool operator==(const OneLimit&) const = default;
};

struct TierConfig {
  std::vector<OneLimit> limit;
  bool unlimited = false;
  bool operator==(const TierConfig&) const = default;
};

struct RateLimitConfig : chain::CountingConfig {
  std::vector<OneLimit> limit;
  std::optional<std::uint64_t> burst;
  stores::Algorithm algorithm = stores::Algorithm::token_bucket;
  config::ByName<TierConfig> tiers;
  std::optional<config::Duration> delay;
  bool operator==(const RateLimitConfig&) const = default;

  std::optional<chain::Stage> needs() const {
    return tiers.empty() ? chain::needed_stage(by) : chain::Stage::identify;
  }
};

namespace {

using chain::Exchange;
using stores::Algorithm;

constexpr std::size_t kMostLimits = 8;
constexpr std::uint64_t kMostRate = chain::kMostCost;
constexpr auto kLongestPeriod = std::chrono::hours(24 * 31);
constexpr auto kLongestDelay = std::chrono::seconds(30);

std::string refuse_rate(const config::Rate& rate) {
  if (rate.count == 0) return "must be at least 1; to refuse everybody use `respond`";
  if (rate.count > kMostRate) return "must be at most " + std::to_string(kMostRate);
  if (rate.per > kLongestPeriod) return "the period must be at most 31d";
  if (static_cast<std::uint64_t>(rate.per.count()) < rate.count) return "is more than one in each nanosecond";
  return {};
}

std::uint64_t burst_of(const OneLimit& limit, const std::optional<std::uint64_t>& common) {
  return limit.burst.value_or(common.value_or(limit.rate.count));
}

stores::Limit limit_of(const RateLimitConfig& c, const OneLimit& written) {
  return {c.algorithm, written.rate.count, static_cast<std::uint64_t>(written.rate.per.count()),
          burst_of(written, c.burst)};
}

// False for a rate that refuse_rate() has complained about.
bool takes_too_long(const stores::Limit& limit) {
  return limit.count > 0 && limit.period > 0 && limit.beyond_time();
}

void check_rate(const RateLimitConfig& c, const OneLimit& limit, std::span<const OneLimit> before,
                const std::string& place, const config::Site& at) {
  bool window = c.algorithm == Algorithm::sliding_window;
  if (window && limit.burst) at.error(place, "a sliding window has no burst");
  if (window && limit.rate.count > stores::kMostInWindow)
    at.error(place, "a sliding window counts to " + std::to_string(stores::kMostInWindow) + " at most");
  std::uint64_t most = window ? limit.rate.count : burst_of(limit, c.burst);
  if (c.cost.most() > most)
    at.error(place, "lets at most " + std::to_string(most) + " pass at once, and a request costs " +
                        std::to_string(c.cost.most()));
  if (takes_too_long(limit_of(c, limit)))
    at.error(place, "the burst would take more than 146 years to fill again",
             "allow a smaller burst, or a higher rate");
  for (const OneLimit& other : before)
    if (other.rate == limit.rate) at.error(place, "the same rate stands there already");
}

void check_config(const RateLimitConfig& c, const config::Site& at) {
  if (c.burst && c.limit.size() > 1)
    at.error("burst", "which of the limits is meant?", "write `limit: [{rate: 10/s, burst: 20}, ...]`");
  if (c.burst && c.algorithm == Algorithm::sliding_window) at.error("burst", "a sliding window has no burst");
  if (c.delay && c.algorithm == Algorithm::sliding_window)
    at.error("delay", "needs the algorithm token_bucket");
  chain::check_each_limit(c, [&](const OneLimit& limit, std::span<const OneLimit> before,
                                 const std::string& place) { check_rate(c, limit, before, place, at); });
}

}  // namespace
}  // namespace sluice::filters

namespace sluice::stores {
void describe(config::Enumeration<Algorithm>& e) {
  e.about("rate_limit_algorithm");
  e.value("token_bucket", Algorithm::token_bucket,
          "After a pause a whole burst passes at once, then requests as fast as the rate says (GCRA).");
  e.value("sliding_window", Algorithm::sliding_window,
          "The present period counts in full, the one before by how much of it the last period still covers: "
          "there is no burst to spare after a pause.");
}
}  // namespace sluice::stores

namespace sluice::filters {

void describe(config::Description<OneLimit>& d) {
  using namespace config;
  d.about("limit", "One of the limits of a `rate_limit`.");
  d.field("rate", &OneLimit::rate, "How much in what time.", required, check(refuse_rate),
          example("100/min"));
  d.field("burst", &OneLimit::burst, "How much may pass at once after a pause.",
          between(std::uint64_t{1}, kMostRate), default_is("the count of the rate"));
  d.field("name", &OneLimit::name, "What it is called in the field RateLimit.",
          pattern("[A-Za-z0-9_.-]+", "letters, digits, `_`, `.` and `-`"),
          default_is("`default`, or of several limits the rate; with the policy's name where several "
                     "policies limit a request"));
  d.shorthand(&OneLimit::rate);
}

void describe(config::Description<TierConfig>& d) {
  d.about("tier", "What consumers of a group get instead of the limits for everybody.");
  chain::describe_tier(d, "One limit or several.", kMostLimits);
}

void describe(config::Description<RateLimitConfig>& d) {
  using namespace config;
  d.about(
      "rate_limit",
      "Limits how often a caller may come; others are refused with 429. A policy has one set of counters, "
      "whatever routes use it. See docs/rate-limiting.md.");
  d.field("limit", &RateLimitConfig::limit, "One limit or several, of which none may be exceeded.", required,
          one_or_many, min_items(1), max_items(kMostLimits), example("100/min"), example("[10/s, 1000/h]"));
  d.field("burst", &RateLimitConfig::burst, "How much may pass at once after a pause; of a single limit.",
          between(std::uint64_t{1}, kMostRate), default_is("the count of the limit"));
  d.field("algorithm", &RateLimitConfig::algorithm, "How it is counted.");
  chain::describe_counting(d);
  d.field("tiers", &RateLimitConfig::tiers,
          "Other limits for consumers of a group, by the group's name; of several the first one written. "
          "`tier_by` lets names stand for something else.",
          example("{gold: 1000/min, staff: unlimited}"));
  d.field("delay", &RateLimitConfig::delay,
          "Requests that are early by no more than this wait for their turn instead of being refused.",
          between(std::chrono::milliseconds(1), kLongestDelay), example("500ms"));
  d.field("store", &RateLimitConfig::store,
          "Where it is counted: `memory` is this process alone, with all its workers.", reference("store"));
  d.check(check_config);
}

namespace {

class RateLimit final : public chain::CountingFilter {
 public:
  RateLimit(const RateLimitConfig& c, chain::Builder& builder)
      : CountingFilter(c, builder, base::Reason::rate_limited,
                       observe::Family::sluice_rate_limit_requests_total),
        memory_(builder.stores().memory()),
        counters_(builder.counters(c.store)) {
    add_limits(c, "", c.limit, false, builder);
    for (const auto& [name, tier] : c.tiers) add_limits(c, name, tier.limit, tier.unlimited, builder);
  }

 protected:
  base::Task<stores::Taken> take(Exchange& ex, Charge& charge) const override {
    return counters_->take(asker(ex), want(charge, static_cast<std::uint64_t>(charge.cost)));
  }
  base::Task<stores::Taken> correct(Exchange& ex, const Charge& charge) const override {
    return counters_->correct(asker(ex), {want(charge, 0), charge.cost, charge.at, charge.local});
  }

 private:
  static stores::Asker asker(Exchange& ex) { return {ex.worker.loop, ex.worker.index}; }
  stores::Want want(const Charge& charge, std::uint64_t cost) const {
    return {limits_[charge.tier], owner(), charge.key, confidential(), cost};
  }

  void add_limits(const RateLimitConfig& c, const std::string& name, const std::vector<OneLimit>& written,
                  bool unlimited, chain::Builder& builder) {
    Tier tier{name, unlimited, kMostRate, {}, {}};
    auto& limits = limits_.emplace_back();
    for (const OneLimit& w : written) {
      auto text = config::to_text(w.rate);
      bool window = c.algorithm == Algorithm::sliding_window;
      stores::Limit limit = limit_of(c, w);
      if (c.delay) limit.ahead = static_cast<std::uint64_t>(c.delay->count());
      // Found again by the period: what was counted still counts when the rate has changed.
      auto same = std::ranges::count(limits, limit.period, &stores::Limit::period);
      limit.salt = stores::salt_of(owner(), name + (window ? "/window/" : "/bucket/") +
                                                std::to_string(limit.period) + "/" + std::to_string(same));
      if (window) {
        auto cell_class = memory_->table().window_class(limit.period);
        if (!cell_class) builder.error("limit", "there are too many different periods of sliding windows");
        limit.cell_class = cell_class.value_or(0);
      }
      std::string shown = w.name.empty() ? told_as(written.size() == 1 ? "" : text) : w.name;
      tier.add(chain::rate_field_texts(shown, w.rate.count, limit.period, text));
      tier.most = std::min(tier.most, limit.capacity());
      limits.push_back(limit);
    }
    add(std::move(tier));
  }

  std::shared_ptr<stores::MemoryCounters> memory_;
  std::shared_ptr<stores::Counters> counters_;
  std::vector<std::vector<stores::Limit>> limits_;  // by tier
};

const chain::FilterKind<RateLimit, RateLimitConfig> kRateLimit{
    "rate_limit", chain::Stage::limit, "Limits how often a caller may come.", "{limit: 100/min}"};

}  // namespace
}  // namespace sluice::filters
