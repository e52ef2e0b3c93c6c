// SPDX-License-Identifier: Apache-2.0
// CellTable: the counters of a process, one word each, found by the hash of their key and shared by all
// workers. Of fixed size, in buckets of two cache lines: 86 bytes for each key that it is made for, so that
// buckets stay mostly empty.
//
// A counter that is known is found and changed without a lock, by a compare-and-swap of its word. A new one
// takes a bit of its bucket for the few nanoseconds in which it is given a cell, so that two workers cannot
// give one key two cells. Nothing ever walks the table: a cell whose state has expired is simply given away
// when its bucket needs one. If neither of the two buckets of a key has one, the counter that would expire
// soonest is forgotten and counted in evictions(): its key then begins anew, and has at most one burst too
// many; nobody else is refused for it. What is held, counted up and down, is never forgotten; a table has
// either only that or only what expires.
#pragma once
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <mutex>
#include <optional>

#include "gateway/stores/limit.h"

namespace sluice::stores {

class CellTable {
 public:
  // For about so many keys that are in use at the same time; memory is taken from the system as it is
  // touched. Throws std::bad_alloc.
  explicit CellTable(std::size_t keys);
  CellTable(const CellTable&) = delete;
  CellTable& operator=(const CellTable&) = delete;
  ~CellTable();

  using Word = std::atomic<std::uint64_t>;

  // How the state of a cell expires: as that of a limit, or, for what is counted up and down again, at zero.
  static constexpr std::uint8_t kTokenBucket = 0, kHeld = 1;
  // The class for sliding windows of that period; none when there are too many different periods. Any thread.
  std::optional<std::uint8_t> window_class(std::uint64_t period);

  // The state of `key`, 0 if there is none.
  std::uint64_t peek(std::uint64_t key) const noexcept;

  // Changes the state of `key` (not 0): `change` gets the present one, 0 for a new counter, and returns the
  // next one or nothing to leave it. It may be called several times; its last call counts. Returns the word,
  // or null if all the cells where it could be are held by others; `change` then was not called.
  template <class F>
  Word* update(std::uint64_t key, std::uint8_t cell_class, Instant now, F change) {
    for (;;) {
      Place place = find_or_insert(key, cell_class, now);
      if (!place.state) return nullptr;
      std::uint64_t state = place.state->load(std::memory_order_acquire);
      if (state == kFrozen) continue;
      std::optional<std::uint64_t> next = change(state);
      bool done = !next || place.state->compare_exchange_strong(state, *next, std::memory_order_acq_rel);
      // The cell may have been given away since it was found, and what was seen or charged is another's.
      if (done && place.tag->load(std::memory_order_acquire) == key) return place.state;
      if (done && next && cell_class == kHeld) lower(*place.state);
    }
  }
  // Counts a held one down.
  static void lower(Word& state) noexcept;

  // Counters in use at `now`: estimated from a part of the table if it is large.
  std::size_t used(Instant now) const noexcept;
  std::uint64_t evictions() const noexcept { return evictions_.load(std::memory_order_relaxed); }
  std::size_t bytes() const noexcept { return buckets_ * sizeof(Bucket); }

 private:
  static constexpr std::size_t kCells = 7;
  static constexpr std::uint64_t kFrozen = ~std::uint64_t{0};  // being given away
  static constexpr std::uint64_t kLocked = 1, kOverflowed = 2;

  struct alignas(128) Bucket {
    Word header;
    Word tags[kCells];
    Word classes;  // a byte for each cell; changed while the bucket is locked
    Word states[kCells];
  };
  static_assert(sizeof(Bucket) == 128);
  struct Place {
    const Word* tag = nullptr;
    Word* state = nullptr;
  };
  struct Choice {
    std::size_t cell = kCells;
    std::uint64_t state = 0;
    bool expired = false;
  };

  Bucket& first_of(std::uint64_t key) const noexcept;
  Bucket& second_of(std::uint64_t key) const noexcept;
  static Place find_in(Bucket& bucket, std::uint64_t key) noexcept;
  Place find(std::uint64_t key) const noexcept;
  Place find_or_insert(std::uint64_t key, std::uint8_t cell_class, Instant now);
  Place insert(std::uint64_t key, std::uint8_t cell_class, Instant now);
  Choice choose(const Bucket& bucket, Instant now) const noexcept;
  static bool give(Bucket& bucket, const Choice& choice, std::uint64_t key, std::uint8_t cell_class) noexcept;
  bool expired(std::uint8_t cell_class, std::uint64_t state, Instant now) const noexcept;
  Instant expiry(std::uint8_t cell_class, std::uint64_t state, Instant now) const noexcept;

  Bucket* cells_ = nullptr;
  std::size_t buckets_ = 0;
  std::atomic<std::uint64_t> evictions_{0};
  std::mutex periods_mutex_;
  std::atomic<unsigned> classes_{2};
  std::atomic<std::uint64_t> periods_[256] = {};  // by class
};

}  // namespace sluice::stores
