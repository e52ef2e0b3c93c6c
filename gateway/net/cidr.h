// SPDX-License-Identifier: Apache-2.0
// Cidr: a set of addresses as operators write it: 10.0.0.0/8, 2001:db8::/32, a single address, or `unix` for
// the clients on Unix sockets. For lists of who may do something. IPv4 in IPv6 (::ffff:10.0.0.1) counts as
// IPv4.
#pragma once
#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/net/address.h"

namespace sluice::net {

class Cidr {
 public:
  // An Error (Reason::internal) whose detail completes "expected ..., got ...: " or is empty.
  static base::Result<Cidr> parse(std::string_view text);

  bool contains(const Address& address) const noexcept;
  // 4 or 16 bytes, of `unix` none; and how many of the bits count.
  std::span<const unsigned char> number() const noexcept { return {number_.data(), size_}; }
  unsigned prefix() const noexcept { return prefix_; }
  // Canonical; a single address without its length.
  std::string text() const;
  bool operator==(const Cidr&) const = default;

 private:
  std::array<unsigned char, 16> number_{};  // the first `size_` bytes
  std::uint8_t size_ = 0;                   // 4, 16, or 0 for `unix`
  std::uint8_t prefix_ = 0;                 // bits
};

inline bool contains(std::span<const Cidr> list, const Address& address) noexcept {
  for (const Cidr& c : list)
    if (c.contains(address)) return true;
  return false;
}

}  // namespace sluice::net
