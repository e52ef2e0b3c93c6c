// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/key_source.h"

#include <utility>

namespace sluice::jose {

KeySource::KeySource(KeySet keys) : version_(1), keys_(std::make_shared<const KeySet>(std::move(keys))) {}

KeySource::View KeySource::view() const {
  std::lock_guard lock(mutex_);
  return {keys_, version_.load(std::memory_order_relaxed), failure_, !waiting_.empty(), metadata_};
}

void KeySource::ask(std::function<void()> then) {
  {
    std::lock_guard lock(mutex_);
    waiting_.push_back(std::move(then));
  }
  if (wanted_) wanted_();
}

void KeySource::answer(std::shared_ptr<const KeySet> keys, bool changed, base::SteadyTime quiet_until) {
  std::unique_lock lock(mutex_);
  if (changed) {
    keys_ = std::move(keys);
    version_.fetch_add(1, std::memory_order_release);
  }
  failure_.clear();
  tell(std::move(lock), quiet_until);
}

void KeySource::fail(std::string why, base::SteadyTime quiet_until) {
  std::unique_lock lock(mutex_);
  failure_ = std::move(why);
  tell(std::move(lock), quiet_until);
}

void KeySource::describe(const ProviderMetadata& metadata) {
  std::lock_guard lock(mutex_);
  if (metadata_ && *metadata_ == metadata) return;
  metadata_ = std::make_shared<const ProviderMetadata>(metadata);
  version_.fetch_add(1, std::memory_order_release);
}

void KeySource::tell(std::unique_lock<std::mutex> lock, base::SteadyTime quiet_until) {
  quiet_until_.store(quiet_until.time_since_epoch().count(), std::memory_order_relaxed);
  auto waiting = std::exchange(waiting_, {});
  lock.unlock();
  for (auto& then : waiting) then();
}

}  // namespace sluice::jose
