// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/renewals.h"

#include <algorithm>

namespace sluice::oidc {

using base::Task;

std::shared_ptr<Renewals> Renewals::of_process() {
  static std::mutex mutex;
  static std::weak_ptr<Renewals> one;
  std::lock_guard lock(mutex);
  auto out = one.lock();
  if (!out) one = out = std::make_shared<Renewals>();
  return out;
}

std::shared_ptr<Renewals::Waiter> Renewals::join(net::Loop& loop, const std::string& key, RenewedPtr& known) {
  std::lock_guard lock(mutex_);
  forget_old(loop.now());
  auto [at, fresh] = entries_.try_emplace(key);
  Entry& entry = at->second;
  if (fresh) return nullptr;
  if (entry.renewed && loop.now() < entry.until) {
    known = entry.renewed;
    return nullptr;
  }
  if (entry.renewed) {  // too long ago: begun again
    entry.renewed = nullptr;
    return nullptr;
  }
  return entry.waiting.emplace_back(std::make_shared<Waiter>(loop));
}

Task<RenewedPtr> Renewals::others(net::Loop& loop, std::string key, base::Duration patience) {
  RenewedPtr known;
  auto waiter = join(loop, key, known);
  if (!waiter) co_return known;
  Leave leave{*this, key, waiter};
  auto waiting = waiter->signal.wait(patience);
  (void)co_await waiting;
  std::lock_guard lock(mutex_);
  if (waiter->renewed) co_return waiter->renewed;
  co_return std::make_shared<const Renewed>(Renewed{Renewed::Outcome::failed, {}, "does not answer in time"});
}

// After the lock is let go of nobody posts to the loop for this waiter any more.
Renewals::Leave::~Leave() {
  std::lock_guard lock(renewals.mutex_);
  if (auto at = renewals.entries_.find(key); at != renewals.entries_.end())
    std::erase(at->second.waiting, waiter);
}

void Renewals::finish(const std::string& key, RenewedPtr renewed, base::SteadyTime now, base::Duration keep) {
  std::lock_guard lock(mutex_);
  auto at = entries_.find(key);
  if (at == entries_.end()) return;
  for (const auto& waiter : at->second.waiting) {
    waiter->renewed = renewed;
    waiter->loop.post([weak = std::weak_ptr(waiter)] {
      if (auto there = weak.lock()) there->signal.notify();
    });
  }
  at->second = {std::move(renewed), now + keep, {}};
  old_.emplace_back(now + keep, key);
}

void Renewals::forget_old(base::SteadyTime now) {
  while (!old_.empty() && old_.front().first <= now) {
    auto at = entries_.find(old_.front().second);
    if (at != entries_.end() && at->second.renewed && at->second.until <= now) entries_.erase(at);
    old_.pop_front();
  }
}

void Renewals::Turn::tell(RenewedPtr renewed) {
  auto keep = renewed->outcome == Renewed::Outcome::failed ? kRest : kKeep;
  renewals_->finish(key_, std::move(renewed), loop_.now(), keep);
  key_.clear();
}

Renewals::Turn::~Turn() {
  if (key_.empty()) return;
  auto given_up =
      std::make_shared<const Renewed>(Renewed{Renewed::Outcome::failed, {}, "was not waited for"});
  renewals_->finish(key_, std::move(given_up), loop_.now(), base::Duration(0));
}

}  // namespace sluice::oidc
