// SPDX-License-Identifier: Apache-2.0
// Arms: draws one of several choices by weight. One whose weight is 0 is never drawn. Immutable.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

namespace sluice::handlers {

class Arms {
 public:
  // Not all of them 0; together below 2^32.
  explicit Arms(std::span<const std::uint64_t> weights);

  // By a number that is as likely to be any of 64 bits. Numbers that are near to each other draw the same
  // one, in the order of the weights, so that a weight which grows keeps what it had before.
  std::size_t at(std::uint64_t number) const noexcept;
  double share(std::size_t arm) const noexcept;  // 0 to 1

 private:
  std::vector<std::uint64_t> until_;  // of all weights together
};

// A number for a text, the same in every process and version, so that gateways beside each other agree.
std::uint64_t number_of(std::string_view text) noexcept;

}  // namespace sluice::handlers
