// SPDX-License-Identifier: Apache-2.0
// Seams: what stands before the values of an object, `,"name": `, as it was read in the objects before. Lists
// are mostly of objects that are alike: a seam whose bytes are there again needs no second reading, and what
// was made of its name holds. Part of the checker; remembers a bounded number of seams, each for the objects
// of one depth and of one of a few places above. What is not remembered is read.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>

#include "gateway/json/blocks.h"

namespace sluice::json {

struct Seam {
  std::uint32_t at;  // where it was read, from the beginning of the text
  std::uint32_t rule;
  // How far it goes; from `at` to the comma (if there is one), to the name's first quote, to behind its last
  // one, and to the colon.
  std::uint32_t size, comma, name, behind_name, colon;
  // So long was the last value behind it that has nothing inside; 0 if it was longer than can be said here.
  std::uint8_t value;
  std::uint16_t first;  // of its first sixteen bytes those that it has, as bits

  void is_as_long_as(std::size_t n) noexcept {
    size = static_cast<std::uint32_t>(n);
    first = n < 16 ? static_cast<std::uint16_t>((1U << n) - 1) : std::uint16_t{0xFFFF};
  }
};

class Seams {
 public:
  // Where an object is among its seams. Held by who reads it, so that it stays in registers; what takes it is
  // inlined for that: to read back in one what was stored in parts takes longer than all the rest.
  // In this order the compiler does not load two that were stored one by one as a pair.
  struct Way {
    Seam* next;
    unsigned list;
    Seam* end;
  };

  // Of what is compared kPadding bytes behind the end may be read.
  Seams(const char* begin, const char* end) noexcept : begin_(begin), end_(end) {
    for (unsigned i = 0; i <= kNone; ++i) {
      ends_[i] = list(i);
      trust_[i] = kTrust;
    }
  }
  Seams(const Seams&) = delete;
  Seams& operator=(const Seams&) = delete;

  Way outside() noexcept { return {list(kNone), kNone, list(kNone)}; }

  // An object begins, the `depth`th of the brackets that are open. What was remembered of others holds only
  // for those of the same `owner`: whoever makes something of the names.
  [[gnu::always_inline]] void open(Way& way, unsigned depth, std::uint32_t owner) noexcept {
    if (depth > kDepths) return;
    next_around_[depth] = way.next;
    end_around_[depth] = way.end;
    list_around_[depth] = way.list;
    // Which list depends on where the object is in the one around it.
    auto place = static_cast<unsigned>(way.next - seams_) % kPlaces;
    way.list = depth < kDepths ? (depth - 1) * kPlaces + place : kNone;
    way.next = list(way.list);
    if (trust_[way.list] < kMost) ++trust_[way.list];
    if (owner_[way.list] != owner) {
      owner_[way.list] = owner;
      ends_[way.list] = way.next;
    }
    way.end = ends_[way.list];
  }
  [[gnu::always_inline]] void close(Way& way, unsigned depth) const noexcept {
    if (depth <= kDepths) way = {next_around_[depth], list_around_[depth], end_around_[depth]};
  }
  // The next seam, if it stands at `at`; else the one behind it, where a member is left out.
  [[gnu::always_inline]] Seam* next(Way& way, const char* at) noexcept {
    Seam* seam = way.next;
    if (seam == way.end) return nullptr;
    if (!is(*seam, at)) [[unlikely]] {
      if (seam == list(way.list)) return nullptr;  // the first one has no comma
      ++seam;
      if (seam == way.end || !is(*seam, at)) return nullptr;
    }
    way.next = seam + 1;
    return seam;
  }
  // Another one was read, in place of the next: where it is to be written down. `size`: see Seam.
  Seam& read(Way& way, const char* at, std::size_t size) noexcept {
    auto far = static_cast<std::uint64_t>(at - begin_);
    if (way.list == kNone || way.next == list(way.list) + kMost) return other_;
    if (way.next == way.end) {
      ends_[way.list] = ++way.end;
    } else if (--trust_[way.list] == 0) {
      // Its objects are not alike: no more of this one, and little of the next.
      way = outside();
      return other_;
    }
    if (size > kLongest || far > UINT32_MAX) {
      way.next->at = 0;
      way.next++->is_as_long_as(UINT32_MAX);  // is nowhere
      return other_;
    }
    way.next->at = static_cast<std::uint32_t>(far);
    return *way.next++;
  }
  // Is anything of this object remembered?
  static bool remembers(const Way& way) noexcept { return way.list != kNone; }
  // Stands for those that are not remembered.
  Seam& other() noexcept { return other_; }

 private:
  static constexpr std::size_t kLongest = 64;
  static constexpr unsigned kDepths = 8, kPlaces = 4, kMost = 24;  // a multiple of kPlaces
  static constexpr unsigned kNone = (kDepths - 1) * kPlaces;       // the list where nothing is remembered
  static constexpr std::uint8_t kTrust = 8;

  Seam* list(unsigned i) noexcept { return seams_ + static_cast<std::size_t>(i) * kMost; }
  // At most kPadding bytes behind `at` are looked at, and of a short one also those behind the end: whoever
  // goes on behind it sees that it is there.
  [[gnu::always_inline]] bool is(const Seam& seam, const char* at) const noexcept {
    const char* like = begin_ + seam.at;
    if ((Bytes16(at).differ(Bytes16(like)) & seam.first) != 0) return false;
    if (seam.size <= 16) return true;
    // With the space that is written for people most are not much longer.
    if (seam.size > 32 || static_cast<std::ptrdiff_t>(seam.size) > end_ - at) return is_long(seam, at);
    return Bytes16(at + seam.size - 16).differ(Bytes16(like + seam.size - 16)) == 0;
  }
  [[gnu::noinline]] bool is_long(const Seam& seam, const char* at) const noexcept {
    std::uint32_t size = seam.size;
    if (size > kLongest || static_cast<std::ptrdiff_t>(size) > end_ - at) return false;
    const char* like = begin_ + seam.at;
    for (std::uint32_t i = 16; i + 16 < size; i += 16)
      if (Bytes16(at + i).differ(Bytes16(like + i)) != 0) return false;
    return Bytes16(at + size - 16).differ(Bytes16(like + size - 16)) == 0;
  }

  const char* begin_;
  const char* end_;
  Seam other_ = {};
  // By depth. Apart, for the reason given above.
  Seam* next_around_[kDepths + 1];
  Seam* end_around_[kDepths + 1];
  unsigned list_around_[kDepths + 1];
  Seam* ends_[kNone + 1];  // of the lists
  std::uint32_t owner_[kNone + 1] = {};
  std::uint8_t trust_[kNone + 1];    // falls with each seam that takes the place of another
  Seam seams_[(kNone + 1) * kMost];  // what is behind the ends is not even made
};

}  // namespace sluice::json
