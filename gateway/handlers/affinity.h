// SPDX-License-Identifier: Apache-2.0
// Affinity: what of a request decides about its target, as the `hash_by` of its upstream, or of one that takes
// over, and `sticky` say; and the cookie that brings the client back. Used by forward.cc; built with it, shared by
// all exchanges.
#pragma once
#include <optional>
#include <vector>

#include "gateway/chain/builder.h"
#include "gateway/chain/caller_key.h"
#include "gateway/chain/exchange.h"
#include "gateway/upstream/upstream.h"

namespace sluice::handlers {

class Affinity {
 public:
  Affinity() = default;
  // `upstream` must outlive it. Complains to the builder if the route captures nothing of a name that is
  // asked for. `cookies`: not for requests of the gateway's own, which have no client that would keep one.
  Affinity(const upstream::Upstream& upstream, chain::Builder& builder, bool cookies);

  // Is there anything to be seen to? Nothing else may be called if not.
  explicit operator bool() const noexcept { return asked_for_; }
  // Good as long as the exchange.
  upstream::PickKey key(chain::Exchange& ex) const;
  // With the answer of `target`, for a request that came with `key`.
  void tell(chain::Exchange& ex, const upstream::PickKey& key, const upstream::Target& target) const;

 private:
  using Key = std::optional<chain::CallerKey>;
  class Elsewhere;
  static std::optional<std::uint64_t> hash(chain::Exchange& ex, const Key& by);

  Key hash_by_;
  std::vector<Key> elsewhere_;                  // of those that take over; empty if none of them has one
  const upstream::Upstream* sticky_ = nullptr;  // if it has cookies
  bool asked_for_ = false;
};

}  // namespace sluice::handlers
