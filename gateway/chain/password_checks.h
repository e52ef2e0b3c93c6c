// SPDX-License-Identifier: Apache-2.0
// PasswordChecks: compares passwords with their hashes, which takes a while, on threads made for it, and
// remembers what came of it for a minute: in each worker, by a keyed digest, and not more than a fixed
// number. Who asks for what is being computed already waits for that. Shared by the workers; made with a
// filter.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/base/task.h"
#include "gateway/jose/digest.h"
#include "gateway/net/loop.h"

namespace sluice::net {
class CryptoThreads;
}

namespace sluice::chain {

class PasswordChecks {
 public:
  // How long a result is good for.
  static constexpr base::Duration kKept = std::chrono::seconds(60);
  // Comparisons that a worker waits for at a time, and of them for one user: beyond it nobody would be
  // answered before giving up, and one user cannot lock out the others.
  static constexpr std::size_t kMostUnderWay = 64, kMostOfOneUser = 8;
  // Results remembered by each worker, good ones and bad ones apart: guessers do not push users out.
  static constexpr std::size_t kGoodKept = 4096, kBadKept = 512;

  // `threads` outlives every check; null where nothing is served.
  PasswordChecks(unsigned workers, net::CryptoThreads* threads);
  PasswordChecks(const PasswordChecks&) = delete;
  ~PasswordChecks();

  enum class Result : std::uint8_t { good, bad, busy };
  // Is this the user's password? `busy`: too much is being computed already, or the wait was cut short.
  base::Task<Result> check(net::Loop& loop, unsigned worker, std::string_view user, std::string_view password,
                           std::string_view hash);

 private:
  class Lane;
  class Waiting;
  struct UnderWay;
  base::Task<Result> wait(std::shared_ptr<UnderWay> asked);

  net::CryptoThreads* threads_;
  jose::Digest key_;                          // of this process and filter
  std::vector<std::shared_ptr<Lane>> lanes_;  // by worker
};

}  // namespace sluice::chain
