// SPDX-License-Identifier: Apache-2.0
// Quota: lets a few pieces of long work begin in each round of a loop and the others in later rounds, so that
// what else the worker serves does not wait for all of them. A round can have hundreds of new connections in
// it, each with a TLS handshake to compute. One worker's thread.
#pragma once
#include "gateway/base/list.h"
#include "gateway/base/scope.h"

namespace sluice::net {

class Loop;

class Quota {
 public:
  // A full handshake with a fast key takes about 0.15 ms here (signing with P-256 0.015, two operations on
  // X25519 0.05, the rest is OpenSSL's own): eight make little more than a millisecond.
  static constexpr unsigned kEachRound = 8;

  class QuotaWait;
  explicit Quota(Loop& loop) noexcept : loop_(&loop) {}

  // `co_await loop.quota().next()`: Outcome::ready when the work may begin.
  QuotaWait next() noexcept;
  // From the loop, before it serves the events of a round.
  void begin_round() noexcept { left_ = kEachRound; }

 private:
  struct Node : base::ListNode {
    QuotaWait* wait = nullptr;
  };
  void call() noexcept;
  void give();

  Loop* loop_;
  base::List<Node> waiting_;
  unsigned left_ = kEachRound;
  bool called_ = false;  // give() is on its way
};

class Quota::QuotaWait final : public base::Wait {
 public:
  explicit QuotaWait(Quota& quota) noexcept : quota_(&quota) { node_.wait = this; }
  QuotaWait(QuotaWait&&) = delete;
  ~QuotaWait() { end(); }
  bool await_ready() const noexcept {
    if (!quota_->left_ || !quota_->waiting_.empty()) return false;
    --quota_->left_;
    return true;
  }
  template <class P>
  bool await_suspend(std::coroutine_handle<P> h) noexcept {
    if (!begin(h)) return false;
    quota_->waiting_.push_back(node_);
    quota_->call();
    return true;
  }
  base::Outcome await_resume() const noexcept { return outcome(); }

 private:
  void forget() noexcept override { node_.unlink(); }
  Quota* quota_;
  Node node_;
};

inline Quota::QuotaWait Quota::next() noexcept { return QuotaWait(*this); }

}  // namespace sluice::net
