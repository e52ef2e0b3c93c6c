// SPDX-License-Identifier: Apache-2.0
// CidrSet: many networks as one set that is quickly asked: sorted ranges that do not touch. For lists of
// thousands; a handful are quicker as a span of Cidr. Immutable.
#pragma once
#include <cstdint>
#include <span>
#include <vector>

#include "gateway/net/cidr.h"

namespace sluice::net {

class CidrSet {
 public:
  CidrSet() = default;
  explicit CidrSet(std::span<const Cidr> networks);

  bool contains(const Address& address) const noexcept;
  bool empty() const noexcept { return v4_.empty() && v6_.empty() && !unix_; }
  // How many ranges are left when those that overlap or touch are joined.
  std::size_t ranges() const noexcept { return v4_.size() + v6_.size(); }

 private:
  __extension__ typedef unsigned __int128 Wide;  // what ISO C++ has no name for
  template <class Number>
  struct Range {
    Number first, last;
  };
  template <class Number>
  static void join(std::vector<Range<Number>>& ranges);
  template <class Number>
  static bool found(const std::vector<Range<Number>>& ranges, Number number) noexcept;

  std::vector<Range<std::uint32_t>> v4_;
  std::vector<Range<Wide>> v6_;
  bool unix_ = false;
};

}  // namespace sluice::net
