// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/seen_once.h"

#include <map>
#include <mutex>

namespace sluice::chain {

std::shared_ptr<SeenOnce> SeenOnce::of_process(std::size_t most) {
  static std::mutex mutex;
  static std::map<std::size_t, std::weak_ptr<SeenOnce>> known;
  std::lock_guard lock(mutex);
  auto& entry = known[most];
  auto found = entry.lock();
  if (!found) entry = found = std::make_shared<SeenOnce>(most);
  return found;
}

}  // namespace sluice::chain
