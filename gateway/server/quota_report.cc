// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/quota_report.h"

#include <future>
#include <optional>
#include <utility>

#include "gateway/base/job.h"
#include "gateway/chain/caller_key.h"
#include "gateway/stores/stored_key.h"

namespace sluice::server {
namespace {

using stores::CalendarUnit;
using stores::Period;
using stores::QuotaPlan;

constexpr std::size_t kMostShown = 1000;
constexpr auto kStorePatience = std::chrono::seconds(5);  // beyond what a store may take

admin::QuotaUse use_of(const QuotaPlan& plan, std::string key, CalendarUnit unit, const Period& period,
                       std::uint64_t used) {
  return {std::move(key),
          std::string(stores::name(unit)),
          plan.calendar.text(unit, period.number),
          plan.calendar.text(period.begin),
          plan.calendar.text(period.end),
          used};
}

// One question to a store, on a worker's thread; owned by its own coroutine.
struct Question {
  std::shared_ptr<const QuotaPlan> plan;
  std::string key;
  stores::QuotaWant want;
  std::promise<stores::Taken> answer;
  base::Scope scope;

  static base::Task<void> ask(std::shared_ptr<Question> self, net::Loop& loop) {
    self->want.key = self->key;
    self->want.owner = self->plan->owner;
    auto asking = self->plan->counted->spend({loop, 0}, self->want);
    auto taken = co_await asking;
    self->answer.set_value(taken);
  }
};

// Nothing if the store does not answer.
std::optional<std::uint64_t> used_elsewhere(const std::shared_ptr<const QuotaPlan>& plan, net::Loop& loop,
                                            const std::string& key, CalendarUnit unit, const Period& period,
                                            base::WallTime now) {
  auto question = std::make_shared<Question>();
  question->plan = plan;
  question->key = key;
  auto& want = question->want;
  want.quotas[0] = {unit, stores::kNoLimit};
  want.periods[0] = period;
  want.size = 1;
  want.now = now;
  want.confidential = plan->confidential;
  want.cost = 0;
  auto answer = question->answer.get_future();
  loop.post([question, &loop] { base::spawn(question->scope, Question::ask(question, loop)); });
  if (answer.wait_for(kStorePatience) != std::future_status::ready) return std::nullopt;
  auto taken = answer.get();
  if (taken.decider != stores::Decider::store) return std::nullopt;
  return stores::kNoLimit - taken.remaining;
}

void add_uses(const std::shared_ptr<const QuotaPlan>& plan, stores::Stores& stores, net::Loop& loop,
              base::WallTime now, const std::string& key, admin::QuotaReport& out) {
  bool here = plan->store == stores::kMemory;
  if (!here && key.empty()) {
    out.note = "Name the key: those of a store that is shared are not listed.";
    return;
  }
  std::string stored = key.empty() ? key : stores::stored_key(key, plan->confidential);
  auto entries = here ? stores.quotas()->of(plan->owner, stored, kMostShown + 1)
                      : std::vector<stores::QuotaBook::Entry>{};
  if (entries.empty() && here && !key.empty()) entries = stores.quotas()->of(plan->owner, key, 1);
  if (entries.size() > kMostShown) {
    out.note = "There are more; name the key.";
    entries.resize(kMostShown);
  }
  for (CalendarUnit unit : plan->units) {
    Period period = plan->calendar.at(unit, now);
    for (auto& entry : entries)
      out.uses.push_back(use_of(*plan, entry.key, unit, period,
                                entry.states[static_cast<std::size_t>(unit)].in(period.number).used));
    if (here) continue;
    if (auto used = used_elsewhere(plan, loop, key, unit, period, now)) {
      out.uses.push_back(use_of(*plan, stored, unit, period, *used));
    } else {
      out.note = "The store does not answer.";
    }
  }
}

}  // namespace

std::vector<admin::QuotaReport> report_quotas(stores::Stores& stores, net::Loop& loop, base::WallTime now,
                                              const admin::QuotaQuery& query) {
  std::vector<admin::QuotaReport> out;
  const std::string key = chain::key_as_counted(query.key);
  for (const auto& plan : stores.plans()) {
    if (!query.policy.empty() && query.policy != plan->owner) continue;
    auto& report = out.emplace_back();
    report.policy = plan->owner;
    report.store = plan->store;
    report.time_zone = plan->zone;
    for (const auto& tier : plan->tiers) report.tiers.push_back({tier.name, tier.limits});
    if (!query.policy.empty()) add_uses(plan, stores, loop, now, key, report);
  }
  return out;
}

}  // namespace sluice::server
