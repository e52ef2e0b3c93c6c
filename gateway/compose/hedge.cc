// SPDX-License-Identifier: Apache-2.0
// A request that is late gets a second one beside it; the first answer counts and the other one is given up.
#include "gateway/base/job.h"
#include "gateway/compose/run.h"
#include "gateway/net/signal.h"
#include "gateway/net/sleep.h"

namespace sluice::compose {

using base::Reason;
using base::Task;
using Answered = base::Result<chain::CallAnswer>;

Task<Answered> Run::hedged(const CallPlan& p, chain::CallRequest request) {
  unsigned worker = ex_.worker.index;
  p.hedging->add(worker);
  bool made = false;
  std::vector<Task<Answered>> tasks;
  tasks.push_back(p.caller->call(ex_, request));
  tasks.push_back(late(p, request, made));
  auto race = base::any(std::move(tasks), Reason::client_closed);
  auto [winner, answer] = co_await race;
  if (made) p.hedging->count(worker, winner == 1 ? Hedging::Result::won : Hedging::Result::lost);
  co_return std::move(answer);
}

// Ends with nothing but a good answer: what is wrong with the first request is for that one to say.
Task<Answered> Run::late(const CallPlan& p, chain::CallRequest request, bool& made) {
  base::Scope* scope = co_await base::this_scope();
  auto outcome = co_await net::sleep(ex_.worker.loop, p.hedging->after());
  if (outcome != base::Outcome::ready) co_return base::fail(scope->why());
  made = p.hedging->take(ex_.worker.index);
  if (made) {
    request.trace = nullptr;
    auto answer = co_await p.caller->call(ex_, request);
    if (answer && answer->status < 500) co_return answer;
  } else {
    p.hedging->count(ex_.worker.index, Hedging::Result::over_budget);
  }
  net::Signal never(ex_.worker.loop.wheel());
  co_await never.wait({});
  co_return base::fail(scope->why());
}

}  // namespace sluice::compose
