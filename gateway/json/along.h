// SPDX-License-Identifier: Apache-2.0
// Along: goes with a Checker along a way of names. Part of check.cc and shape.cc.
#pragma once
#include "gateway/json/checker.h"

namespace sluice::json {

// `found(at)` is called for what stands at the end of the way and gives where that ends, or null after a
// fault. Of several members of one name the last counts: `forget()` tells that what was found does not.
template <class Found, class Forget>
class Along {
 public:
  Along(Checker& checker, std::span<const PathStep> names, Found found, Forget forget)
      : checker_(&checker), names_(names), found_(std::move(found)), forget_(std::move(forget)) {}

  // The value at `at`, where so many names have led to; its end.
  const char* go(const char* at, std::size_t matched = 0) {
    if (matched == names_.size()) return found_(at);
    if (*at != '{') return checker_->value(at);
    auto leads_on = [&](std::string_view name) { return std::uint32_t{says(name, names_[matched].name)}; };
    at = checker_->open(at, kOwner + static_cast<std::uint32_t>(matched));
    const char* from = nullptr;
    for (bool first = true; at && checker_->member(at, first, from, leads_on); first = false) {
      forget_();
      at = go(at, matched + 1);
    }
    return at;
  }

 private:
  static constexpr std::uint32_t kOwner = 0xFFFF0000;

  Checker* checker_;
  std::span<const PathStep> names_;
  Found found_;
  Forget forget_;
};

}  // namespace sluice::json
