// SPDX-License-Identifier: Apache-2.0
// Sticky: the cookies that name the targets of an upstream. The name of a target is HMAC-SHA256 of upstream
// and URL under the operator's secret, cut to 16 bytes: it tells nothing of the address, nobody can make up
// one that is believed, every gateway with the same secret makes the same, and nothing is remembered of any
// client. So there is nothing to compute for a request. Immutable: other
// targets make another one; used by all workers.
#pragma once
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/base/key_hash.h"
#include "gateway/upstream/balance_config.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

class Sticky {
 public:
  // The targets must outlive it.
  Sticky(const StickyConfig& config, std::string_view upstream,
         std::span<const std::shared_ptr<Target>> targets);

  const std::string& cookie() const noexcept { return cookie_; }
  // The target that a cookie's value names; null if it names none.
  Target* find(std::string_view value) const;
  // Is it one of these targets? Its address is all that is looked at.
  bool names(const Target* target) const { return lines_.contains(target); }
  // The value of Set-Cookie that names `target`; "" for one of another upstream.
  std::string_view set_cookie(const Target& target) const;

 private:
  std::string cookie_;
  std::unordered_map<std::string, Target*, base::TextHash, std::equal_to<>> by_value_;
  std::unordered_map<const Target*, std::string> lines_;
};

}  // namespace sluice::upstream
