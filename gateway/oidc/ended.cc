// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/ended.h"

#include <mutex>

namespace sluice::oidc {

using namespace std::chrono_literals;
using base::WallTime;

std::shared_ptr<Ended> Ended::of_process() {
  static std::mutex mutex;
  static std::weak_ptr<Ended> one;
  std::lock_guard lock(mutex);
  auto out = one.lock();
  if (!out) one = out = std::make_shared<Ended>();
  return out;
}

std::string Ended::key(std::string_view whose, char kind, std::string_view name) {
  std::string out(whose);
  out += '\n';
  out += kind;
  out += name;
  return out;
}

bool Ended::end(const Which& which, WallTime now, WallTime until) {
  std::unique_lock lock(mutex_);
  forget_old(now);
  auto k = which.sid.empty() ? key(which.issuer_and_client, 'u', which.sub)
                             : key(which.issuer_and_client, 's', which.sid);
  if (entries_.size() >= kMost && !entries_.contains(k)) return false;
  entries_[std::move(k)] = {now, until};
  count_.store(entries_.size(), std::memory_order_release);
  return true;
}

bool Ended::has_ended(const Which& of, WallTime started) const {
  if (count_.load(std::memory_order_acquire) == 0) return false;
  std::shared_lock lock(mutex_);
  auto says = [&](const std::string& k) {
    auto at = entries_.find(k);
    return at != entries_.end() && started <= at->second.at;
  };
  return (!of.sid.empty() && says(key(of.issuer_and_client, 's', of.sid))) ||
         says(key(of.issuer_and_client, 'u', of.sub));
}

// All of them at most once in a minute.
void Ended::forget_old(WallTime now) {
  if (now < look_again_) return;
  look_again_ = now + 60s;
  std::erase_if(entries_, [&](const auto& e) { return e.second.until <= now; });
}

}  // namespace sluice::oidc
