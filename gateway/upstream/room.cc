// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/room.h"

#include "gateway/net/signal.h"

namespace sluice::upstream {
namespace {

using base::Reason;
using base::Result;
using base::Task;

std::uint32_t most_at(const PoolSettings& settings) noexcept {
  return settings.keep.max_connections.value_or(Target::kNoLimit);
}

// To what an unused connection has to be so that another can take its place: this target if it has as many as
// it may, else (null) any of its group.
const Target* whose_unused(const Target& target, const PoolSettings& settings) noexcept {
  return target.connections() >= most_at(settings) ? &target : nullptr;
}

// Nothing of this worker's is touched there; the answer finds nobody if the exchange is gone by then.
void ask(const Target& target, const Target* only, unsigned other, net::Loop& home,
         const std::shared_ptr<net::Signal>& told) {
  target.workers()[other]->post(
      [weak = std::weak_ptr(target.group()), other, only, back = std::weak_ptr(told), &home] {
        if (auto group = weak.lock()) group->pools.give_up_unused(other, only);
        home.post([back] {
          if (auto asking = back.lock()) asking->notify();
        });
      });
}

}  // namespace

bool try_open(Target& target, unsigned worker, const PoolSettings& settings) noexcept {
  auto opened = [&] { return target.try_open(most_at(settings), settings.max_in_all); };
  if (opened()) return true;
  while (target.group()->pools.give_up_unused(worker, whose_unused(target, settings)))
    if (opened()) return true;
  return false;
}

Task<Result<void>> open_after_others(Target& target, unsigned worker, net::Loop& loop,
                                     const PoolSettings& settings, base::Duration patience) {
  auto told = std::make_shared<net::Signal>(loop.wheel());
  for (auto left = target.workers().size(); left != 0; --left) {
    const Target* only = whose_unused(target, settings);
    auto other = target.group()->pools.other_with_unused(worker, only);
    if (!other) break;
    ask(target, only, *other, loop, told);
    auto wait = told->wait(patience);
    if (co_await wait == base::Outcome::cancelled) co_return base::fail(wait.why());
    if (try_open(target, worker, settings)) co_return Result<void>();
  }
  co_return base::fail(Reason::upstream_limit,
                       target.text() + " or its upstream has as many connections as max_connections allows");
}

}  // namespace sluice::upstream
