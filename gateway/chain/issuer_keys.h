// SPDX-License-Identifier: Apache-2.0
// IssuerKeys: one worker's view of the keys of an issuer: the set in force, without a lock as long as it
// stays the same, and a way to wait until a newer one has been fetched or could not be had.
#pragma once
#include <memory>
#include <string>

#include "gateway/base/list.h"
#include "gateway/base/task.h"
#include "gateway/chain/exchange.h"
#include "gateway/jose/key_source.h"
#include "gateway/net/loop.h"
#include "gateway/net/signal.h"

namespace sluice::chain {

class IssuerKeys : public std::enable_shared_from_this<IssuerKeys> {
 public:
  // Owned by a shared pointer: what is told by the control thread finds it again, or not any more.
  explicit IssuerKeys(std::shared_ptr<jose::KeySource> source)
      : source_(std::move(source)), view_(source_->view()) {}

  // True if the keys, or the metadata, are others than at the last call.
  bool refresh();
  // Null before the first were fetched.
  const jose::KeySet* keys() const noexcept { return view_.keys.get(); }
  // Null before it was fetched, and for keys that are not found by discovery.
  const jose::ProviderMetadata* metadata() const noexcept { return view_.metadata.get(); }
  // Of the last attempt to fetch, whoever asked for it; "" if that was good or there was none.
  std::string failure() const { return source_->view().failure; }
  // Why the issuer may have a key that is not among these; "" if these are its last word. For whoever misses a
  // key: it is the same on all workers, which takes a lock.
  std::string doubt() const;

  // Would asking for newer keys bring any, or were they fetched a moment ago?
  bool may_ask(const net::Loop& loop) const noexcept { return source_->may_ask(loop.now()); }
  // Asks for newer keys and waits for the answer, good or bad; no longer than `patience`. refresh() and doubt()
  // then. The time is a wait of the exchange, which is of this worker.
  base::Task<base::Outcome> newer(Exchange& ex, base::Duration patience);

 private:
  struct Waiter : base::ListNode {
    explicit Waiter(net::Wheel& wheel) : signal(wheel) {}
    net::Signal signal;
  };
  void told() noexcept;

  std::shared_ptr<jose::KeySource> source_;
  jose::KeySource::View view_;
  base::List<Waiter> waiting_;
  bool asked_ = false;
};

}  // namespace sluice::chain
