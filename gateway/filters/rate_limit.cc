// SPDX-License-Identifier: Apache-2.0
// The filter `rate_limit`: how often a caller may come. Every request is charged against all limits at once
// or against none; the answer to one that is refused is 429 with the time after which to come again. Counters
// belong to the policy, not to the route: where a policy is used by several routes they share them.
#include <algorithm>
#include <charconv>
#include <optional>
#include <string>
#include <vector>

#include "gateway/chain/caller_key.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/rate_fields.h"
#include "gateway/chain/registry.h"
#include "gateway/config/amounts.h"
#include "gateway/net/sleep.h"
#include "gateway/observe/result_metrics.h"
#include "gateway/stores/stores.h"

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

struct RateLimitConfig {
  std::vector<OneLimit> limit;
  std::optional<std::uint64_t> burst;
  stores::Algorithm algorithm = stores::Algorithm::token_bucket;
  std::vector<chain::KeyPart> by = {{}};
  chain::MissingKey missing = chain::MissingKey::by_ip;
  std::uint64_t cost = 1;
  config::ByName<TierConfig> tiers;
  std::optional<config::Duration> delay;
  std::string store{stores::kMemory};
  chain::RateFields headers = chain::RateFields::standard;
  bool dry_run = false;
  bool operator==(const RateLimitConfig&) const = default;

  std::optional<chain::Stage> needs() const {
    return tiers.empty() ? chain::needed_stage(by) : chain::Stage::identify;
  }
};

namespace {

using base::Reason;
using chain::Exchange;
using chain::Step;
using stores::Algorithm;
using View = std::string_view;

constexpr std::size_t kMostLimits = 8;
constexpr std::uint64_t kMostCount = 1'000'000'000;
constexpr auto kLongest = std::chrono::hours(24 * 31);
constexpr auto kLongestDelay = std::chrono::seconds(30);

std::string refuse_rate(const config::Rate& rate) {
  if (rate.count == 0) return "must be at least 1; to refuse everybody use `respond`";
  if (rate.count > kMostCount) return "must be at most " + std::to_string(kMostCount);
  if (rate.per > kLongest) return "the period must be at most 31d";
  if (static_cast<std::uint64_t>(rate.per.count()) < rate.count) return "is more than one in each nanosecond";
  return {};
}

std::uint64_t burst_of(const OneLimit& limit, const std::optional<std::uint64_t>& common) {
  return limit.burst.value_or(common.value_or(limit.rate.count));
}

void check_limits(const RateLimitConfig& c, const std::vector<OneLimit>& limits, const std::string& field,
                  const config::Site& at) {
  for (std::size_t i = 0; i < limits.size(); ++i) {
    const OneLimit& limit = limits[i];
    std::string place = field + "[" + std::to_string(i) + "]";
    bool window = c.algorithm == Algorithm::sliding_window;
    if (window && limit.burst) at.error(place, "a sliding window has no burst");
    if (window && limit.rate.count > stores::kMostInWindow)
      at.error(place, "a sliding window counts to " + std::to_string(stores::kMostInWindow) + " at most");
    std::uint64_t most = window ? limit.rate.count : burst_of(limit, c.burst);
    if (c.cost > most)
      at.error(place, "lets at most " + std::to_string(most) + " pass at once, and a request costs " +
                          std::to_string(c.cost));
    for (std::size_t j = 0; j < i; ++j)
      if (limits[j].rate == limit.rate) at.error(place, "the same rate stands there already");
  }
}

void check_config(const RateLimitConfig& c, const config::Site& at) {
  if (c.burst && c.limit.size() > 1)
    at.error("burst", "which of the limits is meant?", "write `limit: [{rate: 10/s, burst: 20}, ...]`");
  if (c.burst && c.algorithm == Algorithm::sliding_window) at.error("burst", "a sliding window has no burst");
  if (c.delay && c.algorithm == Algorithm::sliding_window)
    at.error("delay", "needs the algorithm token_bucket");
  check_limits(c, c.limit, "limit", at);
  for (const auto& [group, tier] : c.tiers) check_limits(c, tier.limit, "tiers." + group + ".limit", at);
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
          between(std::uint64_t{1}, kMostCount), default_is("the count of the rate"));
  d.field("name", &OneLimit::name, "What it is called in the field RateLimit.",
          pattern("[A-Za-z0-9_.-]+", "letters, digits, `_`, `.` and `-`"),
          default_is("`default`, or of several limits the rate"));
  d.shorthand(&OneLimit::rate);
}

void describe(config::Description<TierConfig>& d) {
  using namespace config;
  d.about("tier", "What consumers of a group get instead of the limits for everybody.");
  d.field("limit", &TierConfig::limit, "One limit or several.", one_or_many, max_items(kMostLimits));
  d.field("unlimited", &TierConfig::unlimited, "They are not counted at all.");
  d.shorthand(&TierConfig::limit);
  d.word("unlimited", "They are not counted at all.", [](TierConfig& t) { t.unlimited = true; });
  d.exactly_one({"limit", "unlimited"});
  d.check([](const TierConfig& t, const Site& at) {
    if (t.limit.empty() && !t.unlimited) at.error("", "needs a limit, or the word `unlimited`");
  });
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
          between(std::uint64_t{1}, kMostCount), default_is("the count of the limit"));
  d.field("algorithm", &RateLimitConfig::algorithm, "How it is counted.");
  d.field("by", &RateLimitConfig::by,
          "What tells callers apart. `ip` takes IPv6 addresses by their first 64 bits.", one_or_many,
          min_items(1), max_items(std::size_t{8}), unique, example("consumer"), example("[consumer, route]"));
  d.field("missing", &RateLimitConfig::missing, "What to do with a request that lacks a part of the key.");
  d.field("cost", &RateLimitConfig::cost, "What a request is counted as.",
          between(std::uint64_t{1}, kMostCount));
  d.field("tiers", &RateLimitConfig::tiers,
          "Other limits for consumers of a group, by the group's name; of several the first one written.",
          example("{gold: 1000/min, staff: unlimited}"));
  d.field("delay", &RateLimitConfig::delay,
          "Requests that are early by no more than this wait for their turn instead of being refused.",
          between(std::chrono::milliseconds(1), kLongestDelay), example("500ms"));
  d.field("store", &RateLimitConfig::store,
          "Where it is counted: `memory` is this process alone, with all its workers.", reference("store"));
  d.field("headers", &RateLimitConfig::headers, "What responses tell about the limit.");
  d.field("dry_run", &RateLimitConfig::dry_run, "Only counts and logs what would be refused.");
  d.check(check_config);
}

namespace {

// The limits for one sort of callers, as they are counted and as they are told.
struct Tier {
  std::string group;  // "" for everybody
  bool unlimited = false;
  std::vector<stores::Limit> limits;
  std::vector<chain::RateFieldTexts> texts;
  std::string policy_field;
};

enum class Result : std::uint8_t { allowed, limited, dry_run, degraded };
constexpr View kResults[] = {"allowed", "limited", "dry_run", "degraded"};

class RateLimit final : public chain::Filter {
 public:
  RateLimit(const RateLimitConfig& c, chain::Builder& builder)
      : owner_(builder.owner()),
        key_(c.by, c.missing),
        cost_(c.cost),
        headers_(c.headers),
        dry_run_(c.dry_run),
        memory_(builder.stores().memory()),
        counters_(builder.counters(c.store)),
        metrics_(builder.series(), observe::Family::sluice_rate_limit_requests_total, owner_, kResults) {
    tiers_.push_back(make_tier(c, "", c.limit, builder));
    for (const auto& [group, tier] : c.tiers) {
      tiers_.push_back(make_tier(c, group, tier.limit, builder));
      tiers_.back().unlimited = tier.unlimited;
    }
  }

  base::Task<Step> on_request(Exchange& ex) const override {
    const Tier& tier = tier_of(ex);
    if (tier.unlimited) return Step::next;
    auto key = key_.of(ex);
    if (key.missing) {
      if (key_.missing() == chain::MissingKey::skip || dry_run_) return Step::next;
      metrics_.count(ex.worker.index, index(Result::limited));
      return chain::refuse_without(ex, *key.missing);
    }
    auto taking = counters_->take({ex.worker.loop, ex.worker.index},
                                  {tier.limits, owner_, key.text, key_.confidential(), cost_});
    if (!taking.await_ready()) return decide_later(ex, tier, std::move(taking));
    auto taken = taking.await_resume();
    Step step = decide(ex, tier, taken);
    if (taken.allowed && taken.wait && !dry_run_) return pause(ex, taken.wait);
    return step;
  }

  base::Task<void> on_response(Exchange& ex) const override {
    auto& local = ex.local<Local>(*this);
    if (!local.tier) return {};
    const auto& taken = local.taken;
    const auto& texts = local.tier->texts[taken.tightest];
    if (!taken.allowed && ex.reason == Reason::rate_limited)
      ex.response.fields.set(http::FieldId::retry_after, chain::seconds_text(ex.arena, taken.wait));
    if (taken.decider != stores::Decider::nobody)
      chain::add_rate_fields(ex, headers_, texts, local.tier->policy_field, taken.remaining,
                             taken.until_reset);
    return {};
  }

 private:
  struct Local {
    const Tier* tier = nullptr;  // null: nothing to tell
    stores::Taken taken;
  };

  static constexpr std::size_t index(Result r) noexcept { return static_cast<std::size_t>(r); }

  Tier make_tier(const RateLimitConfig& c, const std::string& group, const std::vector<OneLimit>& written,
                 chain::Builder& builder) const {
    Tier tier{group, false, {}, {}, {}};
    for (const OneLimit& w : written) {
      auto text = config::to_text(w.rate);
      bool window = c.algorithm == Algorithm::sliding_window;
      stores::Limit limit{c.algorithm, w.rate.count, static_cast<std::uint64_t>(w.rate.per.count()),
                          burst_of(w, c.burst)};
      if (c.delay) limit.ahead = static_cast<std::uint64_t>(c.delay->count());
      // Found again by the period: what was counted still counts when the rate has changed.
      auto same = std::ranges::count(tier.limits, limit.period, &stores::Limit::period);
      limit.salt = stores::salt_of(owner_, group + (window ? "/window/" : "/bucket/") +
                                               std::to_string(limit.period) + "/" + std::to_string(same));
      if (window) {
        auto cell_class = memory_->table().window_class(limit.period);
        if (!cell_class) builder.error("limit", "there are too many different periods of sliding windows");
        limit.cell_class = cell_class.value_or(0);
      }
      std::string name = w.name.empty() ? (written.size() == 1 ? "default" : text) : w.name;
      tier.texts.push_back(chain::rate_field_texts(name, w.rate.count, limit.period, text));
      tier.policy_field += (tier.policy_field.empty() ? "" : ", ") + tier.texts.back().policy;
      tier.limits.push_back(limit);
    }
    return tier;
  }

  const Tier& tier_of(const Exchange& ex) const noexcept {
    for (std::size_t i = 1; i < tiers_.size(); ++i)
      for (View group : ex.identity.groups)
        if (group == tiers_[i].group) return tiers_[i];
    return tiers_[0];
  }

  Step decide(Exchange& ex, const Tier& tier, const stores::Taken& taken) const {
    const auto& texts = tier.texts[taken.tightest];
    if (!taken.allowed && dry_run_) {
      metrics_.count(ex.worker.index, index(Result::dry_run));
      if (ex.detail.empty()) ex.detail = ex.arena.join("dry run: ", owner_, " would have refused");
      return Step::next;
    }
    bool degraded = taken.decider != stores::Decider::store;
    metrics_.count(ex.worker.index, index(!taken.allowed ? Result::limited
                                          : degraded     ? Result::degraded
                                                         : Result::allowed));
    if ((taken.decider != stores::Decider::nobody || !taken.allowed) && !dry_run_)
      ex.local<Local>(*this) = {&tier, taken};
    if (taken.allowed) return Step::next;
    return chain::reply(ex, Reason::rate_limited, texts.at_most);
  }

  base::Task<Step> decide_later(Exchange& ex, const Tier& tier, base::Task<stores::Taken> taking) const {
    auto taken = co_await taking;
    Step step = decide(ex, tier, taken);
    if (taken.allowed && taken.wait && !dry_run_) {
      base::Task<Step> pausing = pause(ex, taken.wait);
      step = co_await pausing;
    }
    co_return step;
  }

  // A client that leaves meanwhile has used up its turn.
  static base::Task<Step> pause(Exchange& ex, std::uint64_t nanoseconds) {
    co_await net::sleep(ex.worker.loop, base::Duration(nanoseconds));
    co_return Step::next;
  }

  std::string owner_;
  chain::CallerKey key_;
  std::uint64_t cost_;
  chain::RateFields headers_;
  bool dry_run_;
  std::shared_ptr<stores::MemoryCounters> memory_;
  std::shared_ptr<stores::Counters> counters_;
  std::vector<Tier> tiers_;
  mutable observe::ResultMetrics metrics_;
};

const chain::FilterKind<RateLimit, RateLimitConfig> kKind{
    "rate_limit", chain::Stage::limit, "Limits how often a caller may come.", "{limit: 100/min}"};

}  // namespace
}  // namespace sluice::filters
