// SPDX-License-Identifier: Apache-2.0
// Revocations: tokens that count no more although they have not expired: one by its `jti`, or all that an
// issuer made for somebody, or at all, before some moment. Pushed by the admin server, asked by filters that
// verify tokens. Each worker has its own copy, which only its thread touches. What outlives the process is
// server/kept_revocations.h's.
#pragma once
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"
#include "gateway/net/loop.h"

namespace sluice::chain {

struct Revocation {
  std::string issuer;
  std::string jti;          // this token; or, without one,
  std::string sub;          // those of this subject (without one: of everybody) that were
  base::WallTime before{};  // issued before this moment
  base::WallTime until{};   // no earlier than the tokens expire; forgotten some time after it
  bool operator==(const Revocation&) const = default;
};

// What a token says of itself. Without an `iat` it counts as issued before any moment.
struct TokenFacts {
  std::string_view issuer, jti, sub;
  base::WallTime issued{};
};

class Revocations {
 public:
  // Beyond it none is taken: some 200 MB.
  static constexpr std::size_t kMost = 1'000'000;
  // What is over is kept for so much longer: a clock that was set forward and is set back finds the tokens good
  // once more. Not where more than kFew of them wait: some 12 MB.
  static constexpr base::Duration kLonger = std::chrono::hours(24);
  static constexpr std::size_t kFew = 60'000;

  // `loops` of the workers, by index, which outlive every revoke(). Without any, one worker on this thread.
  explicit Revocations(std::vector<net::Loop*> loops = {});
  Revocations(const Revocations&) = delete;
  ~Revocations();

  // Control thread. False: there are too many. One that is there already is renewed.
  bool revoke(const Revocation& revocation, base::WallTime now);
  // Many at once, which another process or an earlier one knew. What is to be forgotten is left out; false:
  // there are too many, and some are missing.
  bool restore(std::vector<Revocation> revocations, base::WallTime now);
  // All that are not to be forgotten yet, in no order.
  std::vector<Revocation> all(base::WallTime now) const;
  std::size_t size() const noexcept;

  // From that worker's thread.
  bool revoked(unsigned worker, const TokenFacts& token) const;

 private:
  class List;
  std::vector<net::Loop*> loops_;
  std::unique_ptr<List> all_;               // of the control thread
  std::vector<std::shared_ptr<List>> own_;  // by worker
};

}  // namespace sluice::chain
