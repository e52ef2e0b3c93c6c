// SPDX-License-Identifier: Apache-2.0
// Numbers of DNS (RFC 1035) that who asks and who reads answers both need.
#pragma once
#include <cstddef>

namespace sluice::net {

inline constexpr std::size_t kLongestDnsName = 253;  // bytes, without a last dot (section 3.1)
inline constexpr int kDnsInternet = 1;               // the class IN (section 3.2.4)

}  // namespace sluice::net
