// SPDX-License-Identifier: Apache-2.0
// MaglevTable: from hashes to targets, such that each gets its share by weight and few hashes change their
// target when the set of targets changes (Eisenbud and others, "Maglev: A Fast and Reliable Software Network
// Load Balancer", NSDI 2016, section 3.4; 65,537 slots as there for small sets). Immutable, so all workers
// read one table. It depends on names and weights alone, not on their order, and so is the same in every
// process that has the same targets.
//
// Targets that are away for a while stay in the table: ConsistentHash passes over them, so that nothing else
// moves and everything returns to its place. Only another set of targets makes another table.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::upstream {

class MaglevTable {
 public:
  static constexpr std::uint32_t kSlots = 65'537;  // a prime

  struct Entry {
    std::string_view name;  // of its own
    std::uint32_t weight = 1;
  };
  // Takes a few milliseconds.
  explicit MaglevTable(std::span<const Entry> entries);

  // Index of the entry that `hash` belongs to; there must be one.
  std::uint32_t at(std::uint64_t hash) const noexcept { return slots_[hash % kSlots]; }

 private:
  std::vector<std::uint32_t> slots_;
};

// Of what keeps requests together. Not under a secret of the process: every gateway in front of the same
// targets must send a client to the same one, before and after a restart. A client who computes keys that
// meet can thereby load one target, as it could by sending one key over and over; the bounded load is what
// stands against both.
std::uint64_t affinity_hash(std::string_view key) noexcept;

}  // namespace sluice::upstream
