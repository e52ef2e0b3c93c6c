// SPDX-License-Identifier: Apache-2.0
// The filter `quota`: how much a caller may use up in a day or a month of the calendar. Unlike the limits of
// `rate_limit` what was used survives restarts, and begins anew at a date. It is counted by the policy, not
// by the tier: a caller that changes its plan keeps what it has used.
#include <array>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/builder.h"
#include "gateway/chain/counting.h"
#include "gateway/chain/per_worker.h"

namespace sluice::filters {

using stores::CalendarUnit;

// "10000/month"
struct QuotaLimit {
  std::uint64_t count = 0;
  CalendarUnit unit = CalendarUnit::day;
  std::string text() const { return std::to_string(count) + "/" + std::string(stores::name(unit)); }
  bool operator==(const QuotaLimit&) const = default;
};

struct QuotaTierConfig {
  std::vector<QuotaLimit> limit;
  bool unlimited = false;
  bool operator==(const QuotaTierConfig&) const = default;
};

struct QuotaConfig : chain::CountingConfig {
  std::vector<QuotaLimit> limit;
  std::string time_zone = "UTC";
  config::ByName<QuotaTierConfig> tiers;
  bool operator==(const QuotaConfig&) const = default;

  std::optional<chain::Stage> needs() const {
    return tiers.empty() ? chain::needed_stage(by) : chain::Stage::identify;
  }
};

namespace {

using chain::Exchange;
using View = std::string_view;

constexpr std::uint64_t kMostQuota = 1'000'000'000'000'000;  // below what a double tells exactly

config::Refusal read_limit(View text, QuotaLimit& out) {
  auto slash = text.find('/');
  auto count = base::parse_decimal(text.substr(0, slash));
  if (!count) return config::Complaint{};
  View unit = slash == View::npos ? View() : text.substr(slash + 1);
  if (unit != "day" && unit != "month")
    return config::Complaint{"the period must be day or month",
                             "periods of a fixed length are for `rate_limit`", 0};
  if (*count == 0)
    return config::Complaint{"it must be at least 1; to refuse everybody use `respond`", {}, 0};
  if (*count > kMostQuota)
    return config::Complaint{"it must be at most " + std::to_string(kMostQuota), {}, 0};
  out = {*count, unit == "day" ? CalendarUnit::day : CalendarUnit::month};
  return {};
}

void check_limit(const QuotaConfig& c, const QuotaLimit& limit, std::span<const QuotaLimit> before,
                 const std::string& place, const config::Site& at) {
  if (c.cost.most() > limit.count)
    at.error(place, "is less than what one request costs, " + std::to_string(c.cost.most()));
  for (const QuotaLimit& other : before)
    if (other.unit == limit.unit)
      at.error(place, "there is a quota by " + std::string(stores::name(limit.unit)) + " already");
}

}  // namespace

void describe(config::Text<QuotaLimit>& t) {
  t.about("quota limit", "how much in what period of the calendar, such as 1000/day or 20000/month");
  t.pattern("^[0-9]+/(day|month)$");
  t.example("20000/month");
  t.read(read_limit);
  t.write([](const QuotaLimit& limit) { return limit.text(); });
}

void describe(config::Description<QuotaTierConfig>& d) {
  d.about("quota_tier", "What consumers of a group get instead of the quotas for everybody.");
  chain::describe_tier(d, "One by day, one by month, or both.", stores::kCalendarUnits);
}

void describe(config::Description<QuotaConfig>& d) {
  using namespace config;
  d.about(
      "quota",
      "Limits what a caller may use up in a day or a month of the calendar; beyond that it is refused with "
      "429. A policy has one count for each caller, whatever routes use it. See docs/rate-limiting.md.");
  d.field("limit", &QuotaConfig::limit, "One by day, one by month, or both.", required, one_or_many,
          min_items(1), max_items(stores::kCalendarUnits), example("20000/month"),
          example("[1000/day, 20000/month]"));
  d.field("time_zone", &QuotaConfig::time_zone, "Where days and months begin: a name of the IANA database.",
          example("Europe/Berlin"));
  chain::describe_counting(d);
  d.field("tiers", &QuotaConfig::tiers,
          "Other quotas for consumers of a group, by the group's name; of several the first one written. "
          "`tier_by` lets names stand for something else. What was used counts in every tier, by day and by "
          "month, whichever of them that tier limits.",
          example("{gold: 500000/month, staff: unlimited}"));
  d.field("store", &QuotaConfig::store,
          "Where it is counted: `memory` is this process, which keeps it in the `state_directory`.",
          reference("store"));
  d.check([](const QuotaConfig& c, const Site& at) {
    chain::check_each_limit(c, [&](const QuotaLimit& limit, std::span<const QuotaLimit> before,
                                   const std::string& place) { check_limit(c, limit, before, place, at); });
  });
}

namespace {

class QuotaFilter final : public chain::CountingFilter {
 public:
  QuotaFilter(const QuotaConfig& c, chain::Builder& builder)
      : CountingFilter(c, builder, base::Reason::quota, observe::Family::sluice_quota_requests_total),
        present_(builder.workers()) {
    auto calendar = stores::Calendar::of(c.time_zone);
    if (!calendar) builder.error("time_zone", "there is no time zone `" + c.time_zone + "`");
    auto plan = std::make_shared<stores::QuotaPlan>(
        stores::QuotaPlan{owner(),
                          c.store,
                          c.time_zone,
                          calendar ? *calendar : *stores::Calendar::of("UTC"),
                          {},
                          confidential(),
                          {},
                          nullptr});
    if (c.store != stores::kMemory) plan->counted = builder.counters(c.store)->quotas();
    if (!plan->counted) plan->counted = builder.stores().quotas();
    if (c.store == stores::kMemory && builder.stores().state_directory().empty())
      builder.error("", "a quota has to outlive restarts, and there is no place where it could be kept",
                    "say `state_directory: /var/lib/sluice`, or name a `store`");
    add_limits(*plan, "", c.limit, false);
    for (const auto& [name, tier] : c.tiers) add_limits(*plan, name, tier.limit, tier.unlimited);
    count_every_unit(*plan);
    plan_ = plan;
    builder.stores().announce(plan_);
  }

 protected:
  base::Task<stores::Taken> take(Exchange& ex, Charge& charge) const override {
    auto wanted = want(ex, charge);
    charge.wall_at = wanted.now;
    return plan_->counted->spend({ex.worker.loop, ex.worker.index}, wanted);
  }
  base::Task<stores::Taken> correct(Exchange& ex, const Charge& charge) const override {
    auto more = want(ex, charge);
    more.anyway = true;
    more.charged = charge.wall_at;
    more.local = charge.local;
    return plan_->counted->spend({ex.worker.loop, ex.worker.index}, more);
  }

 private:
  using Periods = std::array<stores::Period, stores::kCalendarUnits>;  // by unit

  void add_limits(stores::QuotaPlan& plan, const std::string& name, const std::vector<QuotaLimit>& written,
                  bool unlimited) {
    Tier tier{name, unlimited, chain::kMostCost, {}, {}};
    auto& quotas = quotas_.emplace_back();
    std::string all;
    for (const QuotaLimit& limit : written) {
      tier.add(chain::rate_field_texts(told_as(stores::name(limit.unit)), limit.count, 0, limit.text()));
      tier.most = std::min(tier.most, limit.count);
      quotas.push_back({limit.unit, limit.count});
      all += (all.empty() ? "" : ", ") + limit.text();
      if (std::ranges::find(plan.units, limit.unit) == plan.units.end()) plan.units.push_back(limit.unit);
    }
    plan.tiers.push_back({name, unlimited ? "unlimited" : all});
    add(std::move(tier));
  }

  // What a caller uses in a tier that limits days alone counts in its month too, for the tier it comes to.
  void count_every_unit(const stores::QuotaPlan& plan) {
    for (auto& quotas : quotas_)
      for (CalendarUnit unit : plan.units)
        if (std::ranges::find(quotas, unit, &stores::Quota::unit) == quotas.end())
          quotas.push_back({unit, stores::kNoLimit});
  }

  // The periods of now, which are looked up anew when one has ended, or the clock was set.
  const Periods& present(const Exchange& ex, base::WallTime now) const {
    Periods& periods = present_.of(ex.worker.index, [] { return std::make_unique<Periods>(); });
    for (std::size_t unit = 0; unit < periods.size(); ++unit)
      if (now < periods[unit].begin || now >= periods[unit].end)
        periods[unit] = plan_->calendar.at(static_cast<CalendarUnit>(unit), now);
    return periods;
  }
  stores::QuotaWant want(const Exchange& ex, const Charge& charge) const {
    stores::QuotaWant out;
    out.now = ex.worker.loop.clock().wall();
    const Periods& periods = present(ex, out.now);
    for (const stores::Quota& quota : quotas_[charge.tier]) {
      out.limited += quota.count != stores::kNoLimit;
      out.quotas[out.size] = quota;
      out.periods[out.size++] = periods[static_cast<std::size_t>(quota.unit)];
    }
    out.owner = owner();
    out.key = charge.key;
    out.confidential = confidential();
    out.cost = charge.cost;
    return out;
  }

  std::shared_ptr<const stores::QuotaPlan> plan_;
  std::vector<std::vector<stores::Quota>> quotas_;  // by tier
  chain::PerWorker<Periods> present_;
};

const chain::FilterKind<QuotaFilter, QuotaConfig> kQuota{
    "quota", chain::Stage::limit, "Limits what a caller may use up in a day or a month.",
    "{limit: 20000/month, time_zone: Europe/Berlin}"};

}  // namespace
}  // namespace sluice::filters
