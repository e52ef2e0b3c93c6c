// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/issuer_keys.h"

#include <utility>

#include "gateway/chain/counted_wait.h"

namespace sluice::chain {

bool IssuerKeys::refresh() {
  if (source_->version() == view_.version) return false;
  view_ = source_->view();
  return true;
}

base::Task<base::Outcome> IssuerKeys::newer(Exchange& ex, base::Duration patience) {
  CountedWait counted(ex);
  auto& loop = ex.worker.loop;
  Waiter waiter(loop.wheel());
  waiting_.push_back(waiter);
  // One question for all that wait here; the answer comes on the control thread.
  if (!std::exchange(asked_, true))
    source_->ask([&loop, weak = weak_from_this()] {
      loop.post([weak] {
        if (auto self = weak.lock()) self->told();
      });
    });
  auto wait = waiter.signal.wait(patience);
  auto outcome = co_await wait;
  view_.failure = source_->view().failure;
  co_return outcome;
}

void IssuerKeys::told() noexcept {
  asked_ = false;
  waiting_.for_each([](Waiter& w) { w.signal.notify(); });
}

}  // namespace sluice::chain
