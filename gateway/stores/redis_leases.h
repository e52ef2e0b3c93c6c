// SPDX-License-Identifier: Apache-2.0
// RedisLeases: what this process has taken of a store in advance, by key, to ask it less often. Shared by all
// workers, without a lock.
//
// There is at most one lease of a key at a time, for at most kLongest. Leased tokens were charged when they
// were taken: what is used of them later may fall into another period. So what passes in any period is at most
// the limit and one lease for each process.
//
// What is not used in time is lost. So a key begins without a lease, and each lease that is used up in time
// makes the next one twice as large: what is charged is less than twice what is used.
#pragma once
#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>

#include "gateway/stores/cell_table.h"
#include "gateway/stores/counters.h"

namespace sluice::stores {

class RedisLeases {
 public:
  static constexpr base::Duration kLongest = std::chrono::seconds(1);
  static constexpr std::uint64_t kMost = 1000;

  // Of at most `most` tokens, 1 for none at all. The store answers within `patience`, or a question is void.
  RedisLeases(std::uint64_t most, base::Duration patience);

  // What to ask the store for, where nothing is left to pay with.
  struct Question {
    std::uint64_t most = 0;  // at least the cost
    std::uint64_t cell = 0;  // whose lease gets what is beyond the cost; 0: there is one, or another question
    std::uint64_t grown = 0;
  };
  // Pays the cost out of the lease of `cell` (not 0), or else says what to ask.
  std::optional<Taken> pay(const Want& want, std::uint64_t cell, Instant now, Question& question);
  // `told`: what the store said, without what is `left` of what it granted beyond the cost.
  void answered(const Question& question, Instant now, std::uint64_t left, const Taken& told);
  // It did not answer.
  void failed(const Question& question, Instant now);

 private:
  // What the store told last of the cell that `check` ^ `what` gives: of another one, or torn, it is ignored.
  struct Told {
    std::atomic<std::uint64_t> check{0}, what{0};
  };
  Told& told_of(std::uint64_t cell) const noexcept;
  Taken paid(const Want& want, std::uint64_t cell, Instant now, std::uint64_t left, Instant end) const;
  void set(std::uint64_t cell, Instant now, std::uint64_t word);

  const std::uint64_t most_;
  const std::uint64_t patience_;  // nanoseconds
  CellTable words_;
  const std::unique_ptr<Told[]> told_;
};

}  // namespace sluice::stores
