// SPDX-License-Identifier: Apache-2.0
// Affinity: what of a request decides about its target, as its upstream's `hash_by` and `sticky` say; and the
// cookie that brings the client back. Used by forward.cc; built with it, shared by all exchanges.
#pragma once
#include <optional>

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
  explicit operator bool() const noexcept { return hash_by_ || sticky_; }
  upstream::PickKey key(chain::Exchange& ex) const;
  // With the answer of `target`, for a request that came with `key`.
  void tell(chain::Exchange& ex, const upstream::PickKey& key, const upstream::Target& target) const;

 private:
  std::optional<chain::CallerKey> hash_by_;
  const upstream::Upstream* sticky_ = nullptr;  // if it has cookies
};

}  // namespace sluice::handlers
