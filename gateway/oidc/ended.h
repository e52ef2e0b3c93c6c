// SPDX-License-Identifier: Apache-2.0
// Ended: sessions that a provider has ended behind the browser's back (OpenID Connect Back-Channel Logout
// 1.0), until they would be over anyway. One for the whole process, so that routes and reloads share it; in
// memory alone. Any thread; as long as nothing was ended, asking is one look at a number.
#pragma once
#include <atomic>
#include <memory>
#include <shared_mutex>
#include <string>
#include <string_view>
#include <unordered_map>

#include "gateway/base/clock.h"
#include "gateway/base/key_hash.h"

namespace sluice::oidc {

class Ended {
 public:
  // Beyond it none is taken: some 20 MB.
  static constexpr std::size_t kMost = 100'000;

  // The one of the process, for as long as anybody holds it.
  static std::shared_ptr<Ended> of_process();

  // Which sessions: those of `issuer_and_client` that have this `sid`, or, if that is empty, all of `sub`.
  struct Which {
    std::string_view issuer_and_client, sid, sub;
  };
  // Ends those that were begun up to `now`, also while the clock was ahead. False: there are too many.
  bool end(const Which& which, base::WallTime now, base::WallTime until);
  // Was a session of this `sid` (if it has one) and `sub` ended?
  bool has_ended(const Which& of, base::WallTime started) const;
  // When a session counts as begun that begins now: later, by the second as it is kept, than all that was ended
  // so far, also where the clock was set back since.
  base::WallTime start_of(const Which& of, base::WallTime now);

 private:
  struct Entry {
    base::WallTime at, until;
  };
  static std::string key(std::string_view whose, char kind, std::string_view name);
  // The last moment of which sessions were ended.
  base::WallTime last_end(const Which& of) const;
  void forget_old(base::WallTime now);

  std::atomic<std::size_t> count_{0};
  mutable std::shared_mutex mutex_;
  std::unordered_map<std::string, Entry, base::TextHash> entries_;
  base::WallTime look_again_{};
  base::WallTime latest_{};  // that the clock has ever shown, as far as is known here
};

}  // namespace sluice::oidc
