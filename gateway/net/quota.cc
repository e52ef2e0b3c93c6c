// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/quota.h"

#include "gateway/net/loop.h"

namespace sluice::net {

// By the inbox, which is served once a round like any other event: those of the connections that are served
// already come in between.
void Quota::call() noexcept {
  if (called_) return;
  called_ = true;
  loop_->post([this] { give(); });
}

void Quota::give() {
  called_ = false;
  while (left_) {
    Node* node = waiting_.pop_front();
    if (!node) return;
    --left_;
    node->wait->finish(base::Outcome::ready);
  }
  if (!waiting_.empty()) call();
}

}  // namespace sluice::net
