// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/seen_once.h"

#include <mutex>

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

}  // namespace sluice::chain
