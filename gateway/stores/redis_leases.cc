// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_leases.h"

#include <algorithm>

namespace sluice::stores {
namespace {

constexpr std::size_t kLeasedKeys = 100'000, kTold = std::size_t{1} << 17;
constexpr std::uint64_t kLongestLease = std::chrono::nanoseconds(RedisLeases::kLongest).count();

// The word of a lease: when it ends, to 65 microseconds, and in the lowest bits the tokens that are left of
// it, how often it has grown, and whether somebody is about to take one. As a number it is about the time at
// which it ends, so that it expires in the table as a bucket does.
struct LeaseWord {
  static constexpr std::uint64_t kTokens = 0x7ff, kAsking = 0x8000, kLow = 0xffff, kOver = 1;
  static constexpr std::uint64_t kMostGrown = 10;  // 1024 tokens
  static constexpr unsigned kGrownAt = 11;

  static std::uint64_t make(Instant end, std::uint64_t grown, std::uint64_t low) noexcept {
    return (end & ~kLow) | grown << kGrownAt | low;
  }
  static std::uint64_t grown(std::uint64_t word) noexcept { return word >> kGrownAt & 0xf; }
};
static_assert(RedisLeases::kMost <= LeaseWord::kTokens);

// What is told of a limit in one word: what is left of it, which one it is, and the milliseconds until it is
// unused again.
struct ToldWord {
  static constexpr unsigned kLimitBits = 3, kResetBits = 29;
  static constexpr std::uint64_t kMillisecond = 1'000'000, kLimits = (1 << kLimitBits) - 1,
                                 kMostReset = (1 << kResetBits) - 1, kMostLeft = 0xffff'ffff;

  static std::uint64_t of(const Taken& taken) noexcept {
    return std::min(taken.remaining, kMostLeft) << (kLimitBits + kResetBits) |
           std::min<std::uint64_t>(taken.tightest, kLimits) << kResetBits |
           std::min(taken.until_reset / kMillisecond, kMostReset);
  }
  static Taken taken(std::uint64_t word) noexcept {
    return {true,
            Decider::store,
            static_cast<std::uint8_t>(word >> kResetBits & kLimits),
            word >> (kLimitBits + kResetBits),
            0,
            (word & kMostReset) * kMillisecond};
  }
};

}  // namespace

RedisLeases::RedisLeases(std::uint64_t most, base::Duration patience)
    : most_(most),
      patience_(static_cast<std::uint64_t>(patience.count())),
      words_(most > 1 ? kLeasedKeys : 1),
      told_(std::make_unique<Told[]>(most > 1 ? kTold : 1)) {}

RedisLeases::Told& RedisLeases::told_of(std::uint64_t cell) const noexcept {
  return told_[most_ > 1 ? cell & (kTold - 1) : 0];
}

std::optional<Taken> RedisLeases::pay(const Want& want, std::uint64_t cell, Instant now, Question& question) {
  bool pays = false, asks = false;
  std::uint64_t end = 0, left = 0, grown = 0;
  words_.update(cell, CellTable::kTokenBucket, now, [&](std::uint64_t word) -> std::optional<std::uint64_t> {
    bool valid = word > now;
    left = valid ? word & LeaseWord::kTokens : 0;
    end = word;
    pays = left >= want.cost;
    asks = !pays && !(valid && word & LeaseWord::kAsking);
    if (pays) return word - want.cost;
    if (!asks) return std::nullopt;
    grown = valid ? std::min(LeaseWord::grown(word) + 1, LeaseWord::kMostGrown) : 0;
    return LeaseWord::make(now + patience_ + kLongestLease, grown, LeaseWord::kAsking);
  });
  if (pays) return paid(want, cell, now, left - want.cost, end);
  question = {want.cost};
  if (asks) {
    const std::uint64_t size = std::min(std::uint64_t{1} << grown, most_);
    // So many requests of this cost, so that nothing of it is left over.
    question = {std::max(want.cost, size - size % want.cost), cell, grown};
  }
  return std::nullopt;
}

// What the store has told, and what is left of the lease.
Taken RedisLeases::paid(const Want& want, std::uint64_t cell, Instant now, std::uint64_t left,
                        Instant end) const {
  const Told& told = told_of(cell);
  const std::uint64_t what = told.what.load(std::memory_order_relaxed);
  if ((told.check.load(std::memory_order_relaxed) ^ what) != cell)
    return {true, Decider::store, 0, left, 0, end - now};
  Taken out = ToldWord::taken(what);
  if (out.tightest >= want.limits.size()) out.tightest = 0;
  out.remaining = std::min(out.remaining + left, want.limits[out.tightest].capacity());
  const Instant taken_at = end - std::min(end, kLongestLease);
  out.until_reset -= std::min(out.until_reset, now - std::min(now, taken_at));
  return out;
}

void RedisLeases::answered(const Question& question, Instant now, std::uint64_t left, const Taken& told) {
  if (!question.cell) return;
  const std::uint64_t what = ToldWord::of(told);
  Told& place = told_of(question.cell);
  place.what.store(what, std::memory_order_relaxed);
  place.check.store(question.cell ^ what, std::memory_order_relaxed);
  set(question.cell, now,
      told.allowed ? LeaseWord::make(now + kLongestLease, question.grown, std::min(left, kMost))
                   : LeaseWord::kOver);
}

void RedisLeases::failed(const Question& question, Instant now) {
  if (question.cell) set(question.cell, now, LeaseWord::kOver);
}

void RedisLeases::set(std::uint64_t cell, Instant now, std::uint64_t word) {
  words_.update(cell, CellTable::kTokenBucket, now, [&](std::uint64_t) { return std::optional(word); });
}

}  // namespace sluice::stores
