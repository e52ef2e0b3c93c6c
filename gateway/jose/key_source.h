// SPDX-License-Identifier: Apache-2.0
// KeySource: the keys of one issuer as the workers see them: the last good set, whether fetching fails just
// now, and a way to ask for newer ones. Who fetches, and when, is not known here. Any thread; lives as long
// as a filter holds it, so that a reload finds the keys again.
#pragma once
#include <atomic>
#include <functional>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/jose/jwk.h"
#include "gateway/jose/provider_metadata.h"

namespace sluice::jose {

class KeySource {
 public:
  // Keys that never change.
  explicit KeySource(KeySet keys);
  // None yet. `wanted` is called, on any thread, when somebody asks for newer ones.
  explicit KeySource(std::function<void()> wanted) : wanted_(std::move(wanted)) {}
  KeySource(const KeySource&) = delete;
  KeySource& operator=(const KeySource&) = delete;

  struct View {
    std::shared_ptr<const KeySet> keys;  // null before the first
    std::uint64_t version = 0;
    std::string failure;  // of the last attempt to fetch, "" if that was good or there was none
    bool asked = false;   // newer ones, and there is no answer yet
    // What the issuer says of itself, if its keys are found by discovery; null before the first time.
    std::shared_ptr<const ProviderMetadata> metadata;
  };
  View view() const;
  // Changes when the keys do, or the metadata.
  std::uint64_t version() const noexcept { return version_.load(std::memory_order_acquire); }

  // May newer keys be asked for, or were they a moment ago?
  bool may_ask(base::SteadyTime now) const noexcept {
    return wanted_ && now.time_since_epoch().count() >= quiet_until_.load(std::memory_order_relaxed);
  }
  // Asks for newer keys. `then` is called once they are there or could not be had, on the thread of whoever
  // fetches; never, if that is gone.
  void ask(std::function<void()> then);

  // For whoever fetches. A set, which may be the same again; or why there is none. Nobody may ask until
  // `quiet_until`.
  void answer(std::shared_ptr<const KeySet> keys, bool changed, base::SteadyTime quiet_until);
  void fail(std::string why, base::SteadyTime quiet_until);
  // What the issuer says of itself now; before the answer with its keys.
  void describe(const ProviderMetadata& metadata);
  // All is as it was.
  void keep(base::SteadyTime quiet_until) { tell(std::unique_lock(mutex_), quiet_until); }

 private:
  void tell(std::unique_lock<std::mutex> lock, base::SteadyTime quiet_until);

  const std::function<void()> wanted_;
  std::atomic<std::uint64_t> version_{0};
  std::atomic<base::Duration::rep> quiet_until_{0};
  mutable std::mutex mutex_;
  std::shared_ptr<const KeySet> keys_;
  std::string failure_;
  std::shared_ptr<const ProviderMetadata> metadata_;
  std::vector<std::function<void()>> waiting_;
};

}  // namespace sluice::jose
