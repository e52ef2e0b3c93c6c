// SPDX-License-Identifier: Apache-2.0
// RedisBounds: how much a reply may be, looked at before the reader of the protocol sees it, which makes room
// for whatever a reply announces. A server is trusted with counts, not with the memory of this process.
#pragma once
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

namespace sluice::stores {

class RedisBounds {
 public:
  // Of one reply, with all that is in it.
  struct Most {
    std::size_t elements, bytes;
  };
  // Of scripts, of greetings and of sentinels: a handful of numbers and short texts, and the replicas that
  // ROLE lists.
  static constexpr Most kAnswer{1024, 64 * 1024};
  // Of CLUSTER SLOTS: each of 16384 slots may be a range of its own, with some replicas.
  static constexpr Most kTopology{1 << 19, 16 << 20};

  explicit RedisBounds(Most most) noexcept : most_(most) {}

  // Follows the bytes of replies; false, and from then on, once one is too much or is no reply.
  bool pass(std::string_view bytes);
  // What was wrong; "" if nothing.
  const std::string& fault() const noexcept { return fault_; }

 private:
  void end_of_line(char before);
  void take_array(std::int64_t announced);
  void take_text(std::int64_t announced);
  void end_of_value() noexcept;

  const Most most_;
  std::string head_;           // of a line: its kind and what may be a number
  char before_ = 0;            // the last byte of a line so far
  std::uint64_t skip_ = 0;     // bytes of a text, with its end
  std::uint64_t awaited_ = 1;  // values until the reply is complete
  std::size_t elements_ = 0;   // that the reply has announced
  std::size_t bytes_ = 0;      // of the reply, so far
  std::string fault_;
};

}  // namespace sluice::stores
