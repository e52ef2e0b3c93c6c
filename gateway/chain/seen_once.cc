// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/seen_once.h"

#include <algorithm>

namespace sluice::chain {

SeenOnce& SeenOnce::of_process(std::size_t most) {
  static std::mutex mutex;
  static SeenOnce* one = nullptr;  // never freed: what is used while the process ends may hold it
  std::lock_guard lock(mutex);
  if (one) {
    one->grow(most);
  } else {
    one = new SeenOnce(most);
  }
  return *one;
}

void SeenOnce::lengthen(std::uint64_t keep, std::uint64_t others) noexcept {
  std::lock_guard lock(lengthening_);
  const std::uint64_t before = longest_.load();
  if (keep <= before) return;
  longest_ = keep;
  const std::uint64_t last = std::max(last_.load(), before ? others : 0);
  if (last != 0) {  // else there is nothing that is remembered for less
    // By who sees something just now, a second or two may be missing.
    const std::uint64_t until = last + 2, old = shorter_.load();
    const bool matters = old != 0 && until - (old >> kTimeBits) < keep;
    shorter_ = until << kTimeBits | (matters ? std::min(before, old & kTime) : before);
  }
  kept_ = keep;
}

}  // namespace sluice::chain
