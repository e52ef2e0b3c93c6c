// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/seen_once.h"

#include <algorithm>
#include <mutex>

namespace sluice::chain {

SeenOnce& SeenOnce::of_process(std::size_t most, base::Duration keep) {
  static std::mutex mutex;
  static SeenOnce* one = nullptr;  // never freed: what is used while the process ends may hold it
  std::lock_guard lock(mutex);
  if (one) {
    one->grow(most);
  } else {
    one = new SeenOnce(most);
  }
  one->keep_for(keep);
  return *one;
}

void SeenOnce::keep_for(base::Duration keep) noexcept {
  const std::uint64_t before = longest_.load(), now = seconds(keep);
  if (now <= before) return;
  longest_ = now;
  const std::uint64_t last = last_.load();
  if (last == 0) return;  // there is nothing that is remembered for less
  // By who sees something just now, a second or two may be missing.
  const std::uint64_t until = last + 2, old = shorter_.load();
  const bool matters = old != 0 && until - (old >> kTimeBits) < now;
  shorter_ = until << kTimeBits | (matters ? std::min(before, old & kTime) : before);
}

}  // namespace sluice::chain
