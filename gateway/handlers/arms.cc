// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/arms.h"

#include "gateway/base/assert.h"

namespace sluice::handlers {

Arms::Arms(std::span<const std::uint64_t> weights) {
  std::uint64_t sum = 0;
  for (std::uint64_t weight : weights) until_.push_back(sum += weight);
  SLUICE_ASSERT(sum > 0 && sum < std::uint64_t{1} << 32);
}

std::size_t Arms::at(std::uint64_t number) const noexcept {
  __extension__ using Wide = unsigned __int128;
  auto point = static_cast<std::uint64_t>(Wide{number} * until_.back() >> 64);
  std::size_t arm = 0;
  while (point >= until_[arm]) ++arm;
  return arm;
}

double Arms::share(std::size_t arm) const noexcept {
  std::uint64_t before = arm == 0 ? 0 : until_[arm - 1];
  return static_cast<double>(until_[arm] - before) / static_cast<double>(until_.back());
}

// FNV-1a (Fowler, Noll, Vo), and the end of SplitMix64 (Steele, Lea, Flood), as FNV's upper bits, which
// decide here, know little of the last bytes. Whoever chooses his key may choose his arm: he could as well be
// drawn until he likes it.
std::uint64_t number_of(std::string_view text) noexcept {
  std::uint64_t h = 0xcbf29ce484222325u;
  for (unsigned char c : text) h = (h ^ c) * 0x100000001b3u;
  h = (h ^ (h >> 30)) * 0xbf58476d1ce4e5b9u;
  h = (h ^ (h >> 27)) * 0x94d049bb133111ebu;
  return h ^ (h >> 31);
}

}  // namespace sluice::handlers
