// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/memory_counters.h"

#include <algorithm>

namespace sluice::stores {
namespace {

// Collects what the limits say into one answer: of those that refuse the one that does so longest, else the
// one that has least left.
struct Tightest {
  Taken taken;
  bool any = false;

  void add(std::size_t limit, const Charged& charged) noexcept {
    if (any && charged.allowed && !taken.allowed) return;
    if (any && charged.allowed == taken.allowed) {
      bool tighter = charged.allowed ? charged.remaining < taken.remaining : charged.wait > taken.wait;
      taken.wait = std::max(taken.wait, charged.wait);
      if (!tighter) return;
    } else {
      taken.wait = charged.wait;
    }
    any = true;
    taken.allowed = charged.allowed;
    taken.tightest = static_cast<std::uint8_t>(limit);
    taken.remaining = charged.remaining;
    taken.until_reset = charged.until_reset;
  }
};

// 0 names no cell.
std::uint64_t cell_of(std::uint64_t hash) noexcept { return hash ? hash : 1; }

}  // namespace

Charged MemoryCounters::charge_one(const Limit& limit, std::uint64_t cell, Instant now, std::uint64_t cost) {
  Charged out;
  bool counted =
      table_.update(cell, limit.cell_class, now, [&](std::uint64_t state) -> std::optional<std::uint64_t> {
        out = charge(limit, state, now, cost);
        return out.state == state ? std::nullopt : std::optional(out.state);
      });
  if (!counted) out.allowed = true;  // there is no room at all: others are not to suffer for it
  return out;
}

// What a charge would come to. Charges nothing, but a state that time would be long in mending is mended.
Charged MemoryCounters::ask_one(const Limit& limit, std::uint64_t cell, Instant now, std::uint64_t cost) {
  const std::uint64_t state = table_.peek(cell);
  Charged out = charge(limit, state, now, cost);
  if (!out.allowed && out.state != state)
    table_.update(cell, limit.cell_class, now, [&](std::uint64_t present) {
      return present == state ? std::optional(out.state) : std::nullopt;
    });
  return out;
}

Taken MemoryCounters::take_now(Instant now, const Want& want) {
  if (want.limits.size() != 1) return take_several(now, want);
  const Limit& limit = want.limits[0];
  Charged charged = charge_one(limit, cell_of(hash_(want.key, limit.salt)), now, want.cost);
  return {charged.allowed, Decider::store, 0, charged.remaining, charged.wait, charged.until_reset};
}

// First all are asked, so that nothing is charged where one refuses. Where another worker comes between
// asking and charging, what was charged is given back at once.
Taken MemoryCounters::take_several(Instant now, const Want& want) {
  auto cell = [&](const Limit& limit) { return cell_of(hash_(want.key, limit.salt)); };
  Tightest asked;
  for (std::size_t i = 0; i < want.limits.size(); ++i)
    asked.add(i, ask_one(want.limits[i], cell(want.limits[i]), now, want.cost));
  if (!asked.taken.allowed) return asked.taken;

  Tightest done;
  for (std::size_t i = 0; i < want.limits.size(); ++i) {
    const Limit& limit = want.limits[i];
    Charged charged = charge_one(limit, cell(limit), now, want.cost);
    done.add(i, charged);
    if (charged.allowed) continue;
    for (std::size_t back = 0; back < i; ++back)
      table_.update(cell(want.limits[back]), want.limits[back].cell_class, now, [&](std::uint64_t state) {
        return std::optional(refund(want.limits[back], state, now, now, want.cost));
      });
    break;
  }
  return done.taken;
}

Taken MemoryCounters::correct_now(Instant now, const Correction& correction) {
  Tightest out;
  for (std::size_t i = 0; i < correction.want.limits.size(); ++i) {
    const Limit& limit = correction.want.limits[i];
    Charged charged;
    auto change = [&](std::uint64_t state) -> std::optional<std::uint64_t> {
      if (correction.more < 0) {
        auto back = static_cast<std::uint64_t>(-correction.more);
        std::uint64_t less = refund(limit, state, correction.at, now, back);
        charged = charge(limit, less, now, 0);
        return less;
      }
      auto more = std::min(static_cast<std::uint64_t>(correction.more), limit.capacity());
      charged = charge_anyway(limit, state, now, more);
      return charged.state;
    };
    table_.update(cell_of(hash_(correction.want.key, limit.salt)), limit.cell_class, now, change);
    charged.allowed = true;
    charged.wait = 0;
    out.add(i, charged);
  }
  return out.taken;
}

}  // namespace sluice::stores
