// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/cell_table.h"

#include <sched.h>
#include <sys/mman.h>

#include <algorithm>
#include <new>

namespace sluice::stores {
namespace {

// Two buckets of seven cells for three keys: of a million keys hardly one finds both of its buckets full.
constexpr std::size_t kBuckets = 2, kKeys = 3;
constexpr unsigned kByte = 8;
__extension__ typedef unsigned __int128 Wide;  // what ISO C++ has no name for

std::uint8_t class_at(std::uint64_t classes, std::size_t cell) noexcept {
  return static_cast<std::uint8_t>(classes >> kByte * cell);
}

// One bit of a bucket, taken for the time that it takes to give a cell away. Whoever holds it never waits for
// another one without giving up in the end.
class BucketLock {
 public:
  static constexpr int kPatience = 1000;

  BucketLock(std::atomic<std::uint64_t>& header, std::uint64_t bit) noexcept : header_(&header), bit_(bit) {
    while (!try_take())
      if (++spins_ % kPatience == 0) ::sched_yield();
  }
  BucketLock(std::atomic<std::uint64_t>& header, std::uint64_t bit, std::try_to_lock_t) noexcept
      : header_(&header), bit_(bit) {
    if (!try_take()) header_ = nullptr;
  }
  BucketLock(const BucketLock&) = delete;
  ~BucketLock() {
    if (header_) header_->fetch_and(~bit_, std::memory_order_release);
  }
  explicit operator bool() const noexcept { return header_ != nullptr; }

 private:
  bool try_take() noexcept {
    return !(header_->load(std::memory_order_relaxed) & bit_) &&
           !(header_->fetch_or(bit_, std::memory_order_acquire) & bit_);
  }
  std::atomic<std::uint64_t>* header_;
  std::uint64_t bit_;
  int spins_ = 0;
};

}  // namespace

CellTable::CellTable(std::size_t keys) : buckets_(std::max<std::size_t>(keys * kBuckets / kKeys, 2)) {
  // Zeroes, which is what an empty bucket is made of, and untouched ones cost nothing.
  void* memory =
      ::mmap(nullptr, bytes(), PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  cells_ = static_cast<Bucket*>(memory);
}

CellTable::~CellTable() { ::munmap(cells_, bytes()); }

std::optional<std::uint8_t> CellTable::window_class(std::uint64_t period) {
  std::lock_guard lock(periods_mutex_);
  unsigned known = classes_.load(std::memory_order_relaxed);
  for (unsigned c = 2; c < known; ++c)
    if (periods_[c].load(std::memory_order_relaxed) == period) return static_cast<std::uint8_t>(c);
  if (known == std::size(periods_)) return std::nullopt;
  periods_[known].store(period, std::memory_order_relaxed);
  classes_.store(known + 1, std::memory_order_relaxed);
  return static_cast<std::uint8_t>(known);
}

CellTable::Bucket& CellTable::first_of(std::uint64_t key) const noexcept {
  return cells_[static_cast<std::size_t>(Wide{key} * buckets_ >> 64)];
}

CellTable::Bucket& CellTable::second_of(std::uint64_t key) const noexcept {
  std::uint64_t mixed = (key ^ key >> 31) * 0x9e3779b97f4a7c15u;
  Bucket& second = first_of(mixed);
  if (&second != &first_of(key)) return second;
  return &second + 1 == cells_ + buckets_ ? cells_[0] : *(&second + 1);
}

CellTable::Place CellTable::find_in(Bucket& bucket, std::uint64_t key) noexcept {
  for (std::size_t i = 0; i < kCells; ++i)
    if (bucket.tags[i].load(std::memory_order_acquire) == key) return {&bucket.tags[i], &bucket.states[i]};
  return {};
}

CellTable::Place CellTable::find(std::uint64_t key) const noexcept {
  Bucket& first = first_of(key);
  if (Place place = find_in(first, key); place.state) return place;
  if (!(first.header.load(std::memory_order_acquire) & kOverflowed)) return {};
  return find_in(second_of(key), key);
}

std::uint64_t CellTable::peek(std::uint64_t key) const noexcept {
  for (;;) {
    Place place = find(key);
    if (!place.state) return 0;
    std::uint64_t state = place.state->load(std::memory_order_acquire);
    if (state != kFrozen && place.tag->load(std::memory_order_acquire) == key) return state;
  }
}

CellTable::Place CellTable::find_or_insert(std::uint64_t key, std::uint8_t cell_class, Instant now) {
  Place place = find(key);
  return place.state ? place : insert(key, cell_class, now);
}

bool CellTable::expired(std::uint8_t cell_class, std::uint64_t state, Instant now) const noexcept {
  if (cell_class == kHeld) return state == 0;
  if (cell_class == kTokenBucket) return stores::expired(Algorithm::token_bucket, 0, state, now);
  return stores::expired(Algorithm::sliding_window, periods_[cell_class].load(std::memory_order_relaxed),
                         state, now);
}

Instant CellTable::expiry(std::uint8_t cell_class, std::uint64_t state, Instant now) const noexcept {
  if (cell_class == kTokenBucket) return stores::expiry(Algorithm::token_bucket, 0, state, now);
  return stores::expiry(Algorithm::sliding_window, periods_[cell_class].load(std::memory_order_relaxed),
                        state, now);
}

// An empty cell, else an expired one, else the one that expires soonest; of those that are held none.
CellTable::Choice CellTable::choose(const Bucket& bucket, Instant now) const noexcept {
  Choice best;
  Instant soonest = ~Instant{0};
  std::uint64_t classes = bucket.classes.load(std::memory_order_relaxed);
  for (std::size_t i = 0; i < kCells; ++i) {
    std::uint64_t state = bucket.states[i].load(std::memory_order_acquire);
    if (bucket.tags[i].load(std::memory_order_relaxed) == 0) return {i, state, true};
    if (state == kFrozen || best.expired) continue;
    std::uint8_t cell_class = class_at(classes, i);
    if (expired(cell_class, state, now)) {
      best = {i, state, true};
    } else if (cell_class != kHeld && expiry(cell_class, state, now) < soonest) {
      soonest = expiry(cell_class, state, now);
      best = {i, state, false};
    }
  }
  return best;
}

// False if somebody has charged the cell since it was chosen. The bucket is locked.
bool CellTable::give(Bucket& bucket, const Choice& choice, std::uint64_t key,
                     std::uint8_t cell_class) noexcept {
  std::uint64_t state = choice.state;
  Word& word = bucket.states[choice.cell];
  if (!word.compare_exchange_strong(state, kFrozen, std::memory_order_acq_rel)) return false;
  auto shift = kByte * choice.cell;
  std::uint64_t others = bucket.classes.load(std::memory_order_relaxed) & ~(std::uint64_t{0xff} << shift);
  bucket.classes.store(others | std::uint64_t{cell_class} << shift, std::memory_order_relaxed);
  bucket.tags[choice.cell].store(key, std::memory_order_release);
  word.store(0, std::memory_order_release);
  return true;
}

// Every insertion of a key holds its first bucket, wherever the cell is: so it gets only one.
CellTable::Place CellTable::insert(std::uint64_t key, std::uint8_t cell_class, Instant now) {
  Bucket& first = first_of(key);
  BucketLock lock(first.header, kLocked);
  auto place_in = [](Bucket& bucket, std::size_t cell) {
    return Place{&bucket.tags[cell], &bucket.states[cell]};
  };
  for (;;) {
    if (Place place = find(key); place.state) return place;
    Choice choice = choose(first, now);
    if (!choice.expired) {
      Bucket& second = second_of(key);
      // Somebody who holds that one may be waiting for ours.
      if (BucketLock other(second.header, kLocked, std::try_to_lock); other) {
        Choice there = choose(second, now);
        if (there.expired || choice.cell == kCells) {
          if (there.cell == kCells) return {};
          first.header.fetch_or(kOverflowed, std::memory_order_release);
          if (!give(second, there, key, cell_class)) continue;
          if (!there.expired) evictions_.fetch_add(1, std::memory_order_relaxed);
          return place_in(second, there.cell);
        }
      }
    }
    if (choice.cell == kCells) return {};
    if (!give(first, choice, key, cell_class)) continue;
    if (!choice.expired) evictions_.fetch_add(1, std::memory_order_relaxed);
    return place_in(first, choice.cell);
  }
}

void CellTable::lower(Word& state) noexcept {
  std::uint64_t held = state.load(std::memory_order_relaxed);
  while (held != 0 && held != kFrozen)
    if (state.compare_exchange_weak(held, held - 1, std::memory_order_acq_rel)) return;
}

std::size_t CellTable::used(Instant now) const noexcept {
  constexpr std::size_t kSample = 4096;
  std::size_t n = 0, seen = std::min(buckets_, kSample);
  for (std::size_t i = 0; i < seen; ++i) {
    const Bucket& bucket = cells_[buckets_ / seen * i];
    std::uint64_t classes = bucket.classes.load(std::memory_order_relaxed);
    for (std::size_t c = 0; c < kCells; ++c) {
      if (bucket.tags[c].load(std::memory_order_relaxed) == 0) continue;
      std::uint64_t state = bucket.states[c].load(std::memory_order_relaxed);
      n += state != kFrozen && !expired(class_at(classes, c), state, now);
    }
  }
  return static_cast<std::size_t>(static_cast<double>(n) * static_cast<double>(buckets_) /
                                  static_cast<double>(seen));
}

}  // namespace sluice::stores
