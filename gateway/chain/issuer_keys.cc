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

std::string IssuerKeys::doubt() const {
  auto now = source_->view();
  if (!now.failure.empty()) return std::move(now.failure);
  if (now.asked) return "it was asked for newer ones and has not answered yet";
  if (now.version != view_.version) return "they have changed this moment";
  return keys() ? "" : "not fetched yet";
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
  co_return co_await wait;
}

void IssuerKeys::told() noexcept {
  asked_ = false;
  waiting_.for_each([](Waiter& w) { w.signal.notify(); });
}

}  // namespace sluice::chain
