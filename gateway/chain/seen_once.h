// SPDX-License-Identifier: Apache-2.0
// SeenOnce: has this been here before? A set of things, each known by a hash, that forgets them by itself
// after a while: for what may pass once only. Of fixed size and shared by all workers without a lock: a thing
// is one word in a bucket of eight. When a bucket is full of what must not be forgotten yet it says so, and
// the caller has to refuse. Of the same thing at the same moment at most one is the first. It can be made
// larger while it is used: the smaller tables of before are looked into as well, and get nothing new.
#pragma once
#include <algorithm>
#include <atomic>
#include <cstdint>
#include <memory>
#include <mutex>
#include <vector>

#include "gateway/base/clock.h"

namespace sluice::chain {

class SeenOnce {
 public:
  enum class Answer : std::uint8_t { first, seen, full };

  // The one of the whole process: as large as was ever asked for, so that no reload forgets anything. Any
  // thread.
  static SeenOnce& of_process(std::size_t most);

  // For so many things at a time; 32 to 64 bytes for each, so that hardly a bucket is full before.
  explicit SeenOnce(std::size_t most) : newest_(new Table(buckets_for(most))) {}
  SeenOnce(const SeenOnce&) = delete;
  ~SeenOnce() { delete newest_.load(); }

  // For so many from now on, if that is more than before. One thread at a time, while others see().
  void grow(std::size_t most) {
    Table* last = newest_.load();
    if (buckets_for(most) <= last->buckets.size()) return;
    auto next = std::make_unique<Table>(buckets_for(most));  // where memory runs out all stays as it is
    next->older.reset(last);
    newest_ = next.release();
  }

  // Remembers everything for so long at least from now on, which is nothing new but for the first who says so.
  // `others`: until then others have seen things for us, and remember them for as long as we did. Any thread.
  void keep_for(base::Duration keep, base::WallTime others = {}) noexcept {
    if (seconds(keep) > kept_.load()) lengthen(seconds(keep), seconds(others.time_since_epoch()));
  }
  // What was seen until then is remembered for `keep` only, as was enough before keep_for() was last called.
  struct Shorter {
    base::WallTime until{};
    base::Duration keep{};
  };
  Shorter shorter() const noexcept {
    std::uint64_t word = shorter_.load();
    return {base::WallTime(std::chrono::seconds(word >> kTimeBits)), std::chrono::seconds(word & kTime)};
  }

  // `hash` is 64 bits that nobody can choose. Remembers it for `keep`, at most a month. By the clock that
  // what is remembered is judged by: where that one is set back, what passes again is still known.
  Answer see(std::uint64_t hash, base::WallTime now, base::Duration keep) noexcept {
    const std::uint64_t tag = (hash | kTagOne) & kTag;
    const std::uint64_t time = seconds(now.time_since_epoch());
    // In one order with what keep_for() does: either it sees this, or this sees for how long.
    if (time > last_.load()) last_.store(time);
    const std::uint64_t mine = tag | ((time + std::max(seconds(keep), longest_.load()) + 1) & kTime);
    if (knows(hash, tag, time, nullptr)) return Answer::seen;
    for (Cell& cell : newest_.load()->bucket(hash).cells) {
      std::uint64_t there = cell.load();
      if (there != 0 && alive(there, time)) continue;
      if (!cell.compare_exchange_strong(there, mine)) continue;
      // Somebody else may have put the same thing elsewhere meanwhile: whoever sees the other's gives up.
      return knows(hash, tag, time, &cell) ? Answer::seen : Answer::first;
    }
    return Answer::full;
  }

 private:
  static constexpr std::size_t kWays = 8;
  // The upper bits of a word tell the thing, the lower ones the second in which it is forgotten.
  static constexpr unsigned kTimeBits = 24;
  static constexpr std::uint64_t kTagOne = 1u << kTimeBits, kTime = kTagOne - 1, kTag = ~kTime;
  using Cell = std::atomic<std::uint64_t>;
  struct alignas(64) Bucket {
    Cell cells[kWays] = {};
    Bucket() = default;
    Bucket(const Bucket&) noexcept {}  // of a new vector only
  };
  struct Table {
    explicit Table(std::size_t size) : buckets(size) {}
    Bucket& bucket(std::uint64_t hash) noexcept { return buckets[hash & (buckets.size() - 1)]; }
    std::vector<Bucket> buckets;
    std::unique_ptr<Table> older;
  };

  void lengthen(std::uint64_t keep, std::uint64_t others) noexcept;
  static std::size_t buckets_for(std::size_t most) noexcept {
    std::size_t buckets = 1;
    while (buckets * kWays < 4 * most) buckets *= 2;
    return buckets;
  }

  static std::uint64_t seconds(base::Duration d) noexcept {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::seconds>(d).count());
  }
  // In a circle of half a year: what nobody has looked at for so long may look alive once more.
  static bool alive(std::uint64_t word, std::uint64_t time) noexcept {
    return ((word - time) & kTime) - 1 < kTime / 2;
  }
  static bool is_alive(std::uint64_t word, std::uint64_t tag, std::uint64_t time) noexcept {
    return (word & kTag) == tag && alive(word, time);
  }

  // In any table, and in another cell than `own`.
  bool knows(std::uint64_t hash, std::uint64_t tag, std::uint64_t time, const Cell* own) const noexcept {
    for (Table* table = newest_.load(); table; table = table->older.get())
      for (const Cell& cell : table->bucket(hash).cells)
        if (&cell != own && is_alive(cell.load(), tag, time)) return true;
    return false;
  }

  std::atomic<Table*> newest_;  // owned
  // Seconds: for how long everything is remembered, and when something was last seen.
  std::atomic<std::uint64_t> longest_{0}, last_{0};
  std::atomic<std::uint64_t> shorter_{0};  // a second, and in the lower bits for how many seconds
  std::mutex lengthening_;
  std::atomic<std::uint64_t> kept_{0};  // as longest_, once shorter_ is right for it
};

}  // namespace sluice::chain
