// SPDX-License-Identifier: Apache-2.0
// Freshness: how long what is made of several answers may be kept, and by whom: no longer than any of them,
// and by nobody to whom one of them is closed (RFC 9111).
#pragma once
#include <cstdint>
#include <optional>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/base/clock.h"
#include "gateway/http/fields.h"

namespace sluice::compose {

class Freshness {
 public:
  // One more answer; `now` for those that say a date.
  void add(const http::Fields& answer, base::WallTime now);
  void make_private() noexcept { private_ = true; }
  void forbid() noexcept { no_store_ = true; }

  // Of one answer: may it be kept for many at all, and if it says so, how much longer.
  bool may_be_kept() const noexcept { return !no_store_ && !no_cache_ && !private_; }
  std::optional<std::int64_t> seconds() const noexcept { return shared_seconds_; }

  // The value of Cache-Control; "" if no answer said anything.
  std::string_view text(base::Arena& arena) const;

 private:
  bool said_ = false;    // did any answer say something?
  bool silent_ = false;  // did any say nothing?
  bool no_store_ = false;
  bool no_cache_ = false;
  bool private_ = false;
  bool all_public_ = true;
  bool shares_ = false;  // did any say another time for caches that many use?
  std::optional<std::int64_t> seconds_;
  std::optional<std::int64_t> shared_seconds_;  // for those caches: s-maxage, or else max-age
};

}  // namespace sluice::compose
