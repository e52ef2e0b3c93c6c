// SPDX-License-Identifier: Apache-2.0
// The script by which Redis decides: all limits of a policy at once, charged together or not at all, by the
// clock of the server, so that no two gateways have to agree about the time. It is the same arithmetic as
// that of limit.h, in microseconds.
//
//   KEYS  one for each limit
//   ARGV  cost, at most (of a lease: more than the cost, as much as there is), then for each limit: algorithm
//         (b or w), count, period, burst, ahead
//   gives {granted (0: refused), index of the tightest, remaining, wait, until reset}
#pragma once
#include <string_view>

namespace sluice::stores {

extern const std::string_view kLimitScript;
// Its SHA-1 in hexadecimal, by which Redis knows it.
std::string_view limit_script_sha();

}  // namespace sluice::stores
