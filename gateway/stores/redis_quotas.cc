// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_quotas.h"

#include <algorithm>

#include "gateway/stores/redis_taken.h"

namespace sluice::stores {
namespace {

using base::Result;
using base::Task;

// A key is kept for as long as this after its period, for clocks that are set back.
constexpr base::Duration kKept = std::chrono::days(32);

base::Duration until_end(const QuotaWant& want, std::size_t i) noexcept {
  return std::max(want.periods[i].end - want.now, base::Duration(1));
}

std::string milliseconds(base::Duration d) {
  return std::to_string(std::chrono::ceil<std::chrono::milliseconds>(d).count());
}

std::uint64_t bit_of(Asker asker) noexcept { return std::uint64_t{1} << asker.worker % 64; }

// "sluice:plan:{consumer=acme}:month:682"
std::string key_of(const std::string& caller, const QuotaWant& want, std::size_t i) {
  return caller + std::string(name(want.quotas[i].unit)) + ":" + std::to_string(want.periods[i].number);
}

}  // namespace

Task<Taken> RedisQuotas::spend(Asker asker, const QuotaWant& want) {
  if (want.local) return spend_alone(asker, want);
  return ask(asker, want, std::string(want.owner), std::string(want.key));
}

Task<Taken> RedisQuotas::ask(Asker asker, QuotaWant want, std::string owner, std::string key) {
  want.owner = owner;
  want.key = key;
  std::string caller = client_->key_of(owner, key, want.confidential);
  std::vector<std::string> keys, arguments{want.anyway ? "1" : "0"};
  for (std::size_t i = 0; i < want.size; ++i) {
    keys.push_back(key_of(caller, want, i));
    arguments.push_back(std::to_string(want.cost_to(i)));
    arguments.push_back(std::to_string(want.quotas[i].count));
    arguments.push_back(milliseconds(until_end(want, i) + kKept));
  }
  Task<Result<RedisReply>> running =
      client_->run(asker, quota_script(), std::move(keys), std::move(arguments));
  auto reply = co_await running;
  auto values = client_->numbers(reply, kQuotaValues);
  // The caller has left, or its time is up: nobody reads this.
  if (!values && values.error().reason != base::Reason::internal) co_return Taken{false, Decider::nobody};
  if (!values) co_return without_store(asker, want);
  // A store without memory answers those that charge nothing.
  if ((*values)[0] != 0 && want.cost > 0) store_counts(asker);
  co_return taken_of(want, *values);
}

Taken RedisQuotas::without_store(Asker asker, const QuotaWant& want) {
  const RedisSettings& settings = client_->settings();
  if (settings.on_error == OnError::allow || want.anyway) return {true, Decider::nobody};
  if (settings.on_error == OnError::deny)
    return {false, Decider::nobody, 0, 0, static_cast<std::uint64_t>(std::nano::den)};
  return spend_alone(asker, want);
}

Taken RedisQuotas::spend_alone(Asker asker, QuotaWant want) {
  // A share cannot be charged more than it holds, and gets no more back.
  for (std::size_t i = 0; i < want.size; ++i) {
    auto& count = want.quotas[i].count;
    count = std::max<std::uint64_t>(count / client_->settings().replicas, 1);
    const auto most = static_cast<std::int64_t>(count);
    want.cost = std::clamp(want.cost, -most, most);
  }
  if (want.cost != 0) away_.fetch_or(bit_of(asker), std::memory_order_relaxed);
  Taken taken = alone_.spend_now(want);
  taken.decider = Decider::local;
  return taken;
}

void RedisQuotas::store_counts(Asker asker) {
  const std::uint64_t away = away_.load(std::memory_order_relaxed), own = bit_of(asker);
  if (!(away & own) || !client_->servers().up()) return;
  if (away_.fetch_and(~own, std::memory_order_relaxed) == own) alone_.clear();
}

}  // namespace sluice::stores
