// SPDX-License-Identifier: Apache-2.0
// The scripts by which Redis decides. Each does all or nothing.
#pragma once
#include <string>
#include <string_view>

namespace sluice::stores {

class RedisScript {
 public:
  // The text outlives it.
  explicit RedisScript(std::string_view text);
  std::string_view text() const noexcept { return text_; }
  // Its SHA-1 in hexadecimal, by which Redis knows it.
  const std::string& sha() const noexcept { return sha_; }

 private:
  std::string_view text_;
  std::string sha_;
};

// All limits of a policy at once, charged together or not at all, by the clock of the server, so that no two
// gateways have to agree about the time. The same arithmetic as that of limit.h, in microseconds.
//
//   KEYS  one for each limit
//   ARGV  cost, at most (of a lease: more than the cost, as much as there is), 1 to charge the cost, which
//         may be negative, whatever is left, how long ago was charged what it gives back; then for each
//         limit: algorithm (b or w), count, period, burst, ahead
//   gives {granted (0: refused), index of the tightest, remaining, wait, until reset}
const RedisScript& limit_script();

// What was used up of quotas, by keys that name their period.
//
//   KEYS  one for each quota
//   ARGV  1 to charge whatever is left, then for each quota: cost, count, milliseconds that the key is kept
//   gives {1 or 0 (refused), index of the tightest, remaining}; of several that refuse the one kept longest
const RedisScript& quota_script();

}  // namespace sluice::stores
