// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/maglev.h"

#include <algorithm>
#include <functional>
#include <queue>
#include <tuple>
#include <utility>

#include "gateway/base/key_hash.h"

namespace sluice::upstream {
namespace {

// The digits of pi; changing them moves every client of every gateway.
const base::KeyHash kHash(0x243f6a8885a308d3, 0x13198a2e03707344);

// An entry's own order of all slots: `offset`, and from there in steps of `skip`. The number of slots is a
// prime, so it comes to each of them.
struct Permutation {
  std::uint32_t index = 0;
  std::uint64_t weight = 1;
  std::uint32_t next = 0;
  std::uint32_t skip = 1;
};

Permutation permutation_of(std::uint32_t index, const MaglevTable::Entry& entry) {
  constexpr std::uint64_t kOffset = 1, kSkip = 2;
  return {index, std::max(entry.weight, 1u),
          static_cast<std::uint32_t>(kHash(entry.name, kOffset) % MaglevTable::kSlots),
          static_cast<std::uint32_t>(kHash(entry.name, kSkip) % (MaglevTable::kSlots - 1) + 1)};
}

// Whose turn it is: of entries that have one in the same round the first by name.
struct Turn {
  std::uint64_t round;
  std::uint32_t place;  // by name
  std::uint32_t taken;  // slots so far
  bool operator>(const Turn& o) const noexcept { return std::tie(round, place) > std::tie(o.round, o.place); }
};

}  // namespace

// In turn each entry takes the next free slot of its own order. With weights the heaviest takes one in each
// round, the others when they have come to as much. Only those are looked at whose turn it is: there are as
// many rounds as slots where one is much heavier than thousands of others.
MaglevTable::MaglevTable(std::span<const Entry> entries) {
  if (entries.empty()) return;
  std::vector<Permutation> all;
  for (std::uint32_t i = 0; i < entries.size(); ++i) all.push_back(permutation_of(i, entries[i]));
  std::ranges::sort(all, {}, [&](const Permutation& p) { return entries[p.index].name; });
  std::uint64_t heaviest = std::ranges::max(all, {}, &Permutation::weight).weight;
  auto round = [&](const Permutation& p, std::uint64_t nth) {
    return (nth * heaviest + p.weight - 1) / p.weight;
  };
  std::vector<Turn> turns;
  for (std::uint32_t i = 0; i < all.size(); ++i) turns.push_back({round(all[i], 1), i, 0});
  std::priority_queue due(std::greater<>(), std::move(turns));
  constexpr auto kFree = ~std::uint32_t{0};
  slots_.assign(kSlots, kFree);
  for (std::uint32_t filled = 0; filled < kSlots; ++filled) {
    Turn turn = due.top();
    due.pop();
    Permutation& p = all[turn.place];
    while (slots_[p.next] != kFree) p.next = (p.next + p.skip) % kSlots;
    slots_[p.next] = p.index;
    ++turn.taken;
    due.push({round(p, turn.taken + 1), turn.place, turn.taken});
  }
}

std::uint64_t affinity_hash(std::string_view key) noexcept { return kHash(key); }

}  // namespace sluice::upstream
