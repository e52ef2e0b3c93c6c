// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_counters.h"

#include <fmt/format.h>
#include <openssl/evp.h>

#include <algorithm>
#include <array>

#include "gateway/base/hex.h"
#include "gateway/base/log.h"
#include "gateway/stores/redis_script.h"

namespace sluice::stores {
namespace {

using base::Result;
using base::Task;

constexpr std::uint64_t kMicrosecond = 1'000;
constexpr std::size_t kLongestKey = 128;
constexpr base::Duration kSilence = std::chrono::seconds(10);
constexpr std::size_t kLeasedKeys = 100'000;

// What nobody may read back out of the store, or is too long for it.
std::string digest(std::string_view text) {
  constexpr std::size_t kShown = 16;
  unsigned char hash[EVP_MAX_MD_SIZE];
  unsigned size = 0;
  EVP_Digest(text.data(), text.size(), hash, &size, EVP_sha256(), nullptr);
  return base::to_hex({reinterpret_cast<const char*>(hash), kShown});
}

// The word of a lease: when it ends, to 65 microseconds, and in the lowest bits the tokens that are left of
// it and whether somebody is about to take one. As a number it is about the time at which it ends, so that it
// expires in the table as a bucket does.
struct LeaseWord {
  static constexpr std::uint64_t kTokens = 0x7fff, kAsking = 0x8000, kLow = 0xffff;
  static std::uint64_t make(Instant end, std::uint64_t low) noexcept { return (end & ~kLow) | low; }
};

std::string number(std::uint64_t n) { return std::to_string(n); }

// What the script gave; nothing if that is not what it gives.
std::optional<std::array<long long, 5>> integers(const redisReply& reply) noexcept {
  std::array<long long, 5> out{};
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements != out.size()) return std::nullopt;
  for (std::size_t i = 0; i < out.size(); ++i) {
    if (reply.element[i]->type != REDIS_REPLY_INTEGER || reply.element[i]->integer < 0) return std::nullopt;
    out[i] = reply.element[i]->integer;
  }
  return out;
}

}  // namespace

RedisCounters::RedisCounters(RedisSettings settings, std::shared_ptr<upstream::Target> target,
                             std::shared_ptr<MemoryCounters> local, observe::SeriesStore& series)
    : settings_(std::move(settings)),
      target_(std::move(target)),
      local_(std::move(local)),
      leases_(settings_.lease > 1 ? kLeasedKeys : 1),
      health_(std::make_shared<RedisHealth>(settings_.name, target_->text(), settings_.on_error)),
      seconds_(series.workers()),
      seconds_series_(series.series(observe::Family::sluice_rate_limit_store_seconds, {settings_.name})),
      up_shown_(
          series.at_scrape(observe::Family::sluice_store_up,
                           [this](const observe::Emit& emit) { emit({settings_.name}, up() ? 1 : 0); })),
      errors_shown_(
          series.at_scrape(observe::Family::sluice_store_errors_total, [this](const observe::Emit& emit) {
            emit({settings_.name}, static_cast<double>(errors_.load(std::memory_order_relaxed)));
          })) {}

// --- is it there? Said once, whatever the number of workers.

// A server without memory answers some questions and others not: that is not to fill the log.
void RedisHealth::redis_failed(const std::string& why) noexcept {
  if (down_.exchange(true, std::memory_order_relaxed)) return;
  auto now = std::chrono::steady_clock::now().time_since_epoch().count();
  auto last = last_said_.load(std::memory_order_relaxed);
  if (last && now - last < kSilence.count()) return;
  if (!last_said_.compare_exchange_strong(last, now, std::memory_order_relaxed)) return;
  said_.store(true, std::memory_order_relaxed);
  constexpr std::string_view kThen[] = {"each process counts alone until it does",
                                        "limits are not applied until it does",
                                        "requests that are limited are refused until it does"};
  base::log(base::Level::warning, fmt::format("store `{}` ({}) does not answer: {}; {}", store_, server_, why,
                                              kThen[static_cast<std::size_t>(on_error_)]));
}

void RedisHealth::redis_answers() noexcept {
  if (!down_.load(std::memory_order_relaxed) || !down_.exchange(false, std::memory_order_relaxed)) return;
  if (!said_.exchange(false, std::memory_order_relaxed)) return;
  base::log(base::Level::info, fmt::format("store `{}` ({}) answers again", store_, server_));
}

// --- asking it

RedisLink& RedisCounters::link(Asker asker) {
  auto& slot = target_->slot(asker.worker);
  if (!slot) slot = std::make_unique<RedisLink>(asker.loop, *target_, settings_.options, health_);
  return static_cast<RedisLink&>(*slot);
}

std::string RedisCounters::key_of(const Want& want) const {
  bool plain = !want.confidential && want.key.size() <= kLongestKey;
  return settings_.prefix + std::string(want.owner) + ":{" +
         (plain ? std::string(want.key) : digest(want.key)) + "}:";
}

std::vector<std::string> RedisCounters::arguments_of(const Want& want, const std::string& key,
                                                     std::uint64_t most) const {
  std::vector<std::string> out{number(want.limits.size())};
  for (const Limit& limit : want.limits) out.push_back(key + fmt::format("{:016x}", limit.salt));
  out.push_back(number(want.cost));
  out.push_back(number(most));
  for (const Limit& limit : want.limits) {
    out.push_back(limit.algorithm == Algorithm::token_bucket ? "b" : "w");
    out.push_back(number(limit.count));
    out.push_back(number(std::max<std::uint64_t>(limit.period / kMicrosecond, 1)));
    out.push_back(number(limit.burst));
    out.push_back(number(limit.ahead / kMicrosecond));
  }
  return out;
}

Task<Taken> RedisCounters::take(Asker asker, const Want& want) {
  std::string key = key_of(want);
  Lease lease{0, want.cost};
  bool shaped = std::ranges::any_of(want.limits, [](const Limit& l) { return l.ahead != 0; });
  if (settings_.lease > 1 && !shaped) {
    Taken out;
    std::uint64_t cell = std::max<std::uint64_t>(hash_(key, want.limits[0].salt), 1);
    if (take_leased(want, instant(asker.loop.now()), cell, out, lease)) return out;
  }
  return ask(asker, want, std::move(key), lease);
}

// Pays out of the lease; or else says how much to ask for, and whether to put the rest into the lease.
bool RedisCounters::take_leased(const Want& want, Instant now, std::uint64_t cell, Taken& out, Lease& lease) {
  bool paid = false, asks = false;
  std::uint64_t end = 0, left = 0;
  leases_.update(
      cell, CellTable::kTokenBucket, now, [&](std::uint64_t state) -> std::optional<std::uint64_t> {
        bool valid = state > now;
        left = valid ? state & LeaseWord::kTokens : 0;
        end = state;
        paid = left >= want.cost;
        asks = !paid && !(valid && state & LeaseWord::kAsking);
        if (paid) return state - want.cost;
        if (asks)
          return LeaseWord::make(now + static_cast<std::uint64_t>(settings_.options.timeout.count()) +
                                     static_cast<std::uint64_t>(kLease.count()),
                                 LeaseWord::kAsking);
        return std::nullopt;
      });
  if (paid) out = {true, Decider::store, 0, left - want.cost, 0, end - now};
  if (asks) lease = {cell, std::max(want.cost, settings_.lease)};
  return paid;
}

// What was taken beyond the cost may be used for a while.
void RedisCounters::end_lease(const Lease& lease, Instant now, std::uint64_t left) {
  if (!lease.cell) return;
  std::uint64_t word =
      left ? LeaseWord::make(now + static_cast<std::uint64_t>(kLease.count()), std::min(left, kMostLeased))
           : 1;
  leases_.update(lease.cell, CellTable::kTokenBucket, now,
                 [&](std::uint64_t) { return std::optional(word); });
}

Task<Result<RedisReply>> RedisCounters::run_script(RedisLink& link,
                                                   const std::vector<std::string>& arguments) {
  auto command = [&](std::string_view verb, std::string_view script) {
    std::vector<std::string_view> words{verb, script};
    words.insert(words.end(), arguments.begin(), arguments.end());
    std::string out;
    write_command(out, words);
    return out;
  };
  std::string by_name = command("EVALSHA", limit_script_sha());
  auto reply = co_await link.ask(by_name);
  bool unknown = reply && error_of(**reply).starts_with("NOSCRIPT");
  if (!unknown) co_return std::move(reply);
  std::string whole = command("EVAL", kLimitScript);
  auto again = co_await link.ask(whole);
  co_return std::move(again);
}

Task<Taken> RedisCounters::ask(Asker asker, Want want, std::string key, Lease lease) {
  RedisLink& redis = link(asker);
  auto begun = asker.loop.clock().steady();
  auto arguments = arguments_of(want, key, lease.most);
  Task<Result<RedisReply>> running = run_script(redis, arguments);
  auto reply = co_await running;
  observe(asker, asker.loop.clock().steady() - begun);
  std::string why;
  if (!reply) {
    why = reply.error().detail;
  } else if (auto error = error_of(**reply); !error.empty()) {
    why = error;
    health_->redis_failed(why);
  } else if (auto values = integers(**reply)) {
    health_->redis_answers();
    auto [granted, tightest, remaining, wait, reset] = *values;
    bool allowed = granted > 0;
    auto unsigned_of = [](long long n) { return static_cast<std::uint64_t>(n); };
    auto left = allowed ? unsigned_of(granted) - std::min(unsigned_of(granted), want.cost) : 0;
    end_lease(lease, instant(asker.loop.now()), left);
    auto most = static_cast<long long>(want.limits.size()) - 1;
    co_return Taken{allowed,
                    Decider::store,
                    static_cast<std::uint8_t>(std::min(tightest, most)),
                    unsigned_of(remaining) + left,
                    unsigned_of(wait) * kMicrosecond,
                    unsigned_of(reset) * kMicrosecond};
  } else {
    why = "an answer of another form than the script gives";
    health_->redis_failed(why);
  }
  end_lease(lease, instant(asker.loop.now()), 0);
  // The caller has left, or its time is up: nobody reads this.
  if (!reply && reply.error().reason != base::Reason::internal) co_return Taken{false, Decider::nobody};
  errors_.fetch_add(1, std::memory_order_relaxed);
  co_return without_store(asker, want, key);
}

Taken RedisCounters::without_store(Asker asker, const Want& want, std::string_view key) const {
  if (settings_.on_error == OnError::allow) return {true, Decider::nobody};
  if (settings_.on_error == OnError::deny)
    return {false, Decider::nobody, 0, 0, static_cast<std::uint64_t>(kLease.count())};
  std::array<Limit, 8> shares;
  auto n = std::min(want.limits.size(), shares.size());
  std::uint64_t cost = want.cost;
  for (std::size_t i = 0; i < n; ++i) {
    Limit& share = shares[i] = want.limits[i];
    share.count = std::max<std::uint64_t>(share.count / settings_.replicas, 1);
    share.burst = std::max<std::uint64_t>(share.burst / settings_.replicas, 1);
    cost = std::min(cost, share.capacity());
  }
  Want alone{std::span(shares).first(n), want.owner, key, want.confidential, cost};
  Taken taken = local_->take_now(instant(asker.loop.now()), alone);
  taken.decider = Decider::local;
  return taken;
}

void RedisCounters::observe(Asker asker, base::Duration took) noexcept {
  auto& cells = seconds_[asker.worker];
  if (!cells) cells = observe::OverheadCells(seconds_series_.cells(asker.worker));
  cells.observe(took);
}

}  // namespace sluice::stores
