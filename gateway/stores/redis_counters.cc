// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_counters.h"

#include <fmt/format.h>

#include <algorithm>

#include "gateway/stores/redis_once.h"
#include "gateway/stores/redis_quotas.h"
#include "gateway/stores/redis_taken.h"

namespace sluice::stores {
namespace {

using base::Result;
using base::Task;

// How long callers are told to wait while nobody counts.
constexpr base::Duration kAnswerSoon = std::chrono::seconds(1);

std::string decimal(std::uint64_t n) { return std::to_string(n); }

}  // namespace

RedisCounters::RedisCounters(std::shared_ptr<RedisClient> client, std::shared_ptr<MemoryCounters> local)
    : client_(std::move(client)),
      settings_(client_->settings()),
      local_(std::move(local)),
      quotas_(std::make_shared<RedisQuotas>(client_)),
      once_(std::make_shared<RedisOnce>(client_)),
      leases_(settings_.lease, settings_.options.timeout) {}

std::vector<std::string> RedisCounters::keys_of(const Want& want, const std::string& key) {
  std::vector<std::string> out;
  for (const Limit& limit : want.limits) out.push_back(key + fmt::format("{:016x}", limit.salt));
  return out;
}

std::vector<std::string> RedisCounters::arguments_of(const Want& want, std::string cost, std::uint64_t most,
                                                     bool anyway, std::uint64_t since) {
  std::vector<std::string> out{std::move(cost), decimal(most), anyway ? "1" : "0",
                               decimal(since / kMicrosecond)};
  for (const Limit& limit : want.limits) {
    out.push_back(limit.algorithm == Algorithm::token_bucket ? "b" : "w");
    out.push_back(decimal(limit.count));
    out.push_back(decimal(std::max<std::uint64_t>(limit.period / kMicrosecond, 1)));
    out.push_back(decimal(limit.burst));
    out.push_back(decimal(limit.ahead / kMicrosecond));
  }
  return out;
}

Task<Taken> RedisCounters::take(Asker asker, const Want& want) {
  std::string key = client_->key_of(want.owner, want.key, want.confidential);
  RedisLeases::Question question{want.cost};
  bool shaped = std::ranges::any_of(want.limits, [](const Limit& l) { return l.ahead != 0; });
  if (settings_.lease > 1 && !shaped) {
    std::uint64_t cell = std::max<std::uint64_t>(hash_(key, want.limits[0].salt), 1);
    if (auto paid = leases_.pay(want, cell, instant(asker.loop.now()), question)) return *paid;
  }
  return ask(asker, want, std::move(key), question);
}

Task<Taken> RedisCounters::correct(Asker asker, const Correction& correction) {
  Want want = correction.want;
  std::int64_t more = correction.more;
  if (!correction.local) return ask_to_correct(asker, want, more, correction.at);
  Shares shares;
  std::string key = client_->key_of(want.owner, want.key, want.confidential);
  if (more < 0) want.cost = static_cast<std::uint64_t>(-more);
  Want share = share_of(want, key, shares);
  // A share cannot have been charged more than it holds, so no more comes back.
  if (more < 0) more = -static_cast<std::int64_t>(share.cost);
  Taken taken = local_->correct_now(instant(asker.loop.now()), {share, more, correction.at});
  taken.decider = Decider::local;
  return taken;
}

Task<Taken> RedisCounters::ask(Asker asker, Want want, std::string key, RedisLeases::Question question) {
  Task<Result<RedisReply>> running =
      client_->run(asker, limit_script(), keys_of(want, key),
                   arguments_of(want, decimal(want.cost), question.most, false, 0));
  auto reply = co_await running;
  auto values = client_->numbers(reply, kLimitValues);
  Instant now = instant(asker.loop.now());
  if (!values) {
    leases_.failed(question, now);
    // The caller has left, or its time is up: nobody reads this.
    if (values.error().reason != base::Reason::internal) co_return Taken{false, Decider::nobody};
    co_return without_store(asker, want, key);
  }
  std::uint64_t granted = std::min((*values)[0], question.most);
  std::uint64_t left = granted - std::min(granted, want.cost);
  leases_.answered(question, now, left, taken_of(want, *values, 0));
  co_return taken_of(want, *values, left);
}

// What the store does not learn is forgotten.
Task<Taken> RedisCounters::ask_to_correct(Asker asker, Want want, std::int64_t more, Instant at) {
  const Instant now = instant(asker.loop.now());
  for (const Limit& limit : want.limits) more = std::min(more, static_cast<std::int64_t>(limit.capacity()));
  std::string key = client_->key_of(want.owner, want.key, want.confidential);
  Task<Result<RedisReply>> running =
      client_->run(asker, limit_script(), keys_of(want, key),
                   arguments_of(want, std::to_string(more), 0, true, now - std::min(at, now)));
  auto reply = co_await running;
  auto values = client_->numbers(reply, kLimitValues);
  if (!values) co_return Taken{true, Decider::nobody};
  Taken out = taken_of(want, *values, 0);
  out.wait = 0;
  co_return out;
}

Taken RedisCounters::without_store(Asker asker, const Want& want, std::string_view key) const {
  if (settings_.on_error == OnError::allow) return {true, Decider::nobody};
  if (settings_.on_error == OnError::deny)
    return {false, Decider::nobody, 0, 0, static_cast<std::uint64_t>(kAnswerSoon.count())};
  Shares shares;
  Taken taken = local_->take_now(instant(asker.loop.now()), share_of(want, key, shares));
  taken.decider = Decider::local;
  return taken;
}

Want RedisCounters::share_of(const Want& want, std::string_view key, Shares& shares) const {
  auto n = std::min(want.limits.size(), shares.size());
  std::uint64_t cost = want.cost;
  for (std::size_t i = 0; i < n; ++i) {
    Limit& share = shares[i] = want.limits[i];
    share.count = std::max<std::uint64_t>(share.count / settings_.replicas, 1);
    share.burst = std::max<std::uint64_t>(share.burst / settings_.replicas, 1);
    // A count that does not divide evenly makes it fill more slowly than the limit that was checked.
    share.burst = std::min(share.burst, Limit::kLongestFill / share.interval());
    cost = std::min(cost, share.capacity());
  }
  return {std::span(shares).first(n), want.owner, key, want.confidential, cost};
}

}  // namespace sluice::stores
