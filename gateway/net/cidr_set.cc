// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/cidr_set.h"

#include <algorithm>

namespace sluice::net {
namespace {

constexpr std::size_t kIpv4 = 4;

template <class Number>
Number number_of(std::span<const unsigned char> bytes) noexcept {
  Number out = 0;
  for (unsigned char b : bytes) out = static_cast<Number>(out << 8 | b);
  return out;
}

// The last number of a network of `prefix` bits.
template <class Number>
Number last_of(Number first, unsigned prefix) noexcept {
  constexpr unsigned kBits = sizeof(Number) * 8;
  if (prefix == 0) return ~Number{0};
  return prefix == kBits ? first : first | ((Number{1} << (kBits - prefix)) - 1);
}

}  // namespace

CidrSet::CidrSet(std::span<const Cidr> networks) {
  for (const Cidr& c : networks) {
    auto bytes = c.number();
    if (bytes.empty()) {
      unix_ = true;
    } else if (bytes.size() == kIpv4) {
      auto first = number_of<std::uint32_t>(bytes);
      v4_.push_back({first, last_of(first, c.prefix())});
    } else {
      auto first = number_of<Wide>(bytes);
      v6_.push_back({first, last_of(first, c.prefix())});
    }
  }
  join(v4_);
  join(v6_);
}

template <class Number>
void CidrSet::join(std::vector<Range<Number>>& ranges) {
  std::ranges::sort(ranges, {}, &Range<Number>::first);
  std::size_t kept = 0;
  for (const auto& r : ranges) {
    if (kept && (ranges[kept - 1].last == ~Number{0} || r.first <= ranges[kept - 1].last + 1)) {
      ranges[kept - 1].last = std::max(ranges[kept - 1].last, r.last);
    } else {
      ranges[kept++] = r;
    }
  }
  ranges.resize(kept);
  ranges.shrink_to_fit();
}

template <class Number>
bool CidrSet::found(const std::vector<Range<Number>>& ranges, Number number) noexcept {
  auto behind = std::ranges::upper_bound(ranges, number, {}, &Range<Number>::first);
  return behind != ranges.begin() && number <= std::prev(behind)->last;
}

bool CidrSet::contains(const Address& address) const noexcept {
  auto bytes = address.bytes();
  if (bytes.empty()) return unix_ && address.is_unix();
  return bytes.size() == kIpv4 ? found(v4_, number_of<std::uint32_t>(bytes))
                               : found(v6_, number_of<Wide>(bytes));
}

}  // namespace sluice::net
