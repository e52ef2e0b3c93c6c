// SPDX-License-Identifier: Apache-2.0
// SeenOnce: has this been here before? A set of things, each known by a hash, that forgets them by itself
// after a while: for what may pass once only. Of fixed size and shared by all workers without a lock: a thing
// is one word in a bucket of eight. When a bucket is full of what must not be forgotten yet it says so, and
// the caller has to refuse. Of the same thing at the same moment at most one is the first.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <vector>

#include "gateway/base/clock.h"

namespace sluice::chain {

class SeenOnce {
 public:
  enum class Answer : std::uint8_t { first, seen, full };

  // One of that size for the whole process, for as long as anybody holds it, so that a reload forgets
  // nothing. Any thread.
  static std::shared_ptr<SeenOnce> of_process(std::size_t most);

  // For so many things at a time; 32 to 64 bytes for each, so that hardly a bucket is full before.
  explicit SeenOnce(std::size_t most) {
    std::size_t buckets = 1;
    while (buckets * kWays < 4 * most) buckets *= 2;
    buckets_ = std::vector<Bucket>(buckets);
  }

  // `hash` is 64 bits that nobody can choose. Remembers it for `keep`, at most a month. By the clock that
  // what is remembered is judged by: where that one is set back, what passes again is still known.
  Answer see(std::uint64_t hash, base::WallTime now, base::Duration keep) noexcept {
    Bucket& bucket = buckets_[hash & (buckets_.size() - 1)];
    const std::uint64_t tag = (hash | kTagOne) & kTag;
    const std::uint64_t time = seconds(now.time_since_epoch());
    const std::uint64_t mine = tag | ((time + seconds(keep) + 1) & kTime);
    for (const Cell& cell : bucket.cells)
      if (is_alive(cell.load(), tag, time)) return Answer::seen;
    for (Cell& cell : bucket.cells) {
      std::uint64_t there = cell.load();
      if (there != 0 && alive(there, time)) continue;
      if (!cell.compare_exchange_strong(there, mine)) continue;
      // Somebody else may have put the same thing elsewhere meanwhile: whoever sees the other's gives up.
      for (const Cell& other : bucket.cells)
        if (&other != &cell && is_alive(other.load(), tag, time)) return Answer::seen;
      return Answer::first;
    }
    return Answer::full;
  }

 private:
  static constexpr std::size_t kWays = 8;
  // The upper bits of a word tell the thing, the lower ones the second in which it is forgotten.
  static constexpr std::uint64_t kTime = 0xFFFFFF, kTag = ~kTime, kTagOne = kTime + 1;
  using Cell = std::atomic<std::uint64_t>;
  struct alignas(64) Bucket {
    Cell cells[kWays] = {};
    Bucket() = default;
    Bucket(const Bucket&) noexcept {}  // of a new vector only
  };

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

  std::vector<Bucket> buckets_;
};

}  // namespace sluice::chain
