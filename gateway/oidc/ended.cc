// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/ended.h"

#include <algorithm>
#include <mutex>

namespace sluice::oidc {

using namespace std::chrono_literals;
using base::WallTime;

namespace {

// Kept for so much longer, as long as they are few: a clock that was set forward and is set back finds the
// sessions good once more.
constexpr base::Duration kLonger = 24h;
constexpr std::size_t kFew = Ended::kMost / 2;
constexpr base::Duration kBetweenLooks = 60s;

}  // namespace

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
  latest_ = std::max(latest_, now);
  // No earlier than what start_of() gave, which is at most a second later than the last end.
  const WallTime at = std::max(latest_, last_end(which) + 1s);
  entries_[std::move(k)] = {at, until};
  count_.store(entries_.size(), std::memory_order_release);
  return true;
}

// Under the lock.
WallTime Ended::last_end(const Which& of) const {
  auto of_key = [&](const std::string& k) {
    auto at = entries_.find(k);
    return at == entries_.end() ? WallTime::min() : at->second.at;
  };
  auto of_sub = of_key(key(of.issuer_and_client, 'u', of.sub));
  return of.sid.empty() ? of_sub : std::max(of_sub, of_key(key(of.issuer_and_client, 's', of.sid)));
}

bool Ended::has_ended(const Which& of, WallTime started) const {
  if (count_.load(std::memory_order_acquire) == 0) return false;
  std::shared_lock lock(mutex_);
  return started <= last_end(of);
}

WallTime Ended::start_of(const Which& of, WallTime now) {
  std::unique_lock lock(mutex_);
  latest_ = std::max(latest_, now);
  return std::max(now, last_end(of) + 1s);
}

// All of them at most once in a minute, also after the clock was set back.
void Ended::forget_old(WallTime now) {
  if (now < look_again_ && now + kBetweenLooks >= look_again_) return;
  look_again_ = now + kBetweenLooks;
  const WallTime over = entries_.size() <= kFew ? now - kLonger : now;
  std::erase_if(entries_, [&](const auto& e) { return e.second.until <= over; });
}

}  // namespace sluice::oidc
