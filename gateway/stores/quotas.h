// SPDX-License-Identifier: Apache-2.0
// QuotaStore: where is counted what callers have used up of their quotas by day or month, as the filter sees
// it. QuotaBook is one, kept by this process; Redis another.
#pragma once
#include <array>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/stores/calendar.h"
#include "gateway/stores/counters.h"

namespace sluice::stores {

// The count of a quota that refuses nobody: exact in a double, and far more than any that is written.
inline constexpr std::uint64_t kNoLimit = 9'000'000'000'000'000;

struct Quota {
  CalendarUnit unit = CalendarUnit::day;
  std::uint64_t count = 1;
};

// What is to be charged. Its views need live only until spend() first waits.
struct QuotaWant {
  std::array<Quota, kCalendarUnits> quotas{};  // each unit once at most; those without limit last
  std::array<Period, kCalendarUnits> periods{};
  std::size_t size = 0;     // of both
  std::size_t limited = 0;  // how many have a limit; if any, `tightest` is one of them
  base::WallTime now{};
  std::string_view owner;
  std::string_view key;
  bool confidential = false;
  std::int64_t cost = 1;
  // The request was allowed before: this is what it turned out to cost beyond, or less if negative.
  bool anyway = false;
  base::WallTime charged{};  // when that was
  bool local = false;        // and it was charged by this process alone: Decider::local

  // What to charge to one of the quotas: a period gives nothing back that was charged before it began.
  std::int64_t cost_to(std::size_t i) const noexcept {
    return cost < 0 && charged < periods[i].begin ? 0 : cost;
  }
};

class QuotaStore {
 public:
  virtual ~QuotaStore() = default;
  // `tightest` is an index of want.quotas; `wait` and `until_reset` last until the end of its period.
  virtual base::Task<Taken> spend(Asker asker, const QuotaWant& want) = 0;
};

// What a policy with quotas tells about itself to whoever asks for the use of them.
struct QuotaPlan {
  std::string owner;
  std::string store;  // "memory" for the book of this process
  std::string zone;
  Calendar calendar;
  struct Tier {
    std::string name;  // "" for everybody
    std::string limits;
  };
  std::vector<Tier> tiers;
  bool confidential = false;
  std::vector<CalendarUnit> units;  // that some tier counts by
  std::shared_ptr<QuotaStore> counted;
};

}  // namespace sluice::stores
