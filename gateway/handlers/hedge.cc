// SPDX-License-Identifier: Apache-2.0
// A request that is late gets a second attempt beside its first one. The first good answer counts; the other
// attempt is given up at once, with its connection or its stream. What is wrong with the first attempt is for
// that one to say: a second one that fails is only counted.
#include <algorithm>

#include "gateway/base/job.h"
#include "gateway/handlers/try.h"
#include "gateway/net/sleep.h"

namespace sluice::handlers {

using base::Reason;
using base::Result;
using base::Task;
using chain::Exchange;
using upstream::Hedging;

void Forward::hedge(const upstream::HedgeConfig& config, chain::Builder& builder) {
  hedging_.reset();
  if (config.on && upstream_)
    hedging_ =
        std::make_unique<upstream::Hedging>(config, builder.workers(), builder.series(), upstream_->name());
}

// Not where the client has a target of its own: another one does not know it.
bool Forward::may_hedge(const Exchange& ex, const upstream::PickKey& key) const noexcept {
  return http::safe(ex.request.method) && !ex.request_body && ex.request.upgrade.empty() && !key.wanted;
}

void Forward::start_rival(Exchange& ex, Try& t, const upstream::PickKey& key,
                          const upstream::Timeouts& timeouts) const {
  auto after = hedging_->begin(ex.worker.index);
  if (!after) return;
  void* memory = ex.arena.allocate(sizeof(Rival), alignof(Rival));
  t.rival.reset(new (memory) Rival(ex));
  t.rival->job.start(race(ex, t, key, timeouts, *after));
}

// The second attempt, from the wait to the head of its answer.
Task<void> Forward::race(Exchange& ex, Try& t, upstream::PickKey key, upstream::Timeouts timeouts,
                         base::Duration after) const {
  auto pause = net::sleep(ex.worker.loop.fine_wheel(), after);
  auto outcome = co_await pause;
  if (outcome != base::Outcome::ready || !begin_rival(ex, t, key)) co_return;
  Rival& r = *t.rival;
  auto connecting = connect(ex, t, r.at, timeouts);
  auto acquired = co_await connecting;
  Result<void> result;
  if (acquired) {
    r.stream = std::move(acquired->stream);
    r.attempt->on(*r.stream);
    name_host(ex, t, r.at);
    auto sending = r.stream->send(ex.request, t.extra, nullptr);
    result = co_await sending;
    r.asked = ex.worker.loop.clock().steady();
    while (result) {
      r.response.fields.clear();
      auto receiving = r.stream->receive(r.response);
      result = co_await receiving;
      if (!result || r.response.status >= 200 || r.response.status == 101) break;
    }
  } else {
    result = std::move(acquired).unexpected();
  }
  r.answered = ex.worker.loop.clock().steady();
  r.won = result && good(r.response);
  if (result && !r.won) result = base::fail(Reason::upstream_status);
  conclude(ex, t, {r.at, *r.record, *r.attempt, r.response.status, r.asked}, result, r.answered);
  if (r.won) r.lane.cancel(Reason::outrun);
}

bool Forward::begin_rival(Exchange& ex, Try& t, const upstream::PickKey& key) const {
  unsigned worker = ex.worker.index;
  if (!upstream_->protection().at_ease()) return false;
  auto at = upstream_->choose(worker, key, {t.tried, t.count}, t.elsewhere);
  // The same one once more only where there never is another: it may be many behind one address.
  bool same = at.target == t.at.target;
  if (!at.target || (same && upstream_->targets(worker).size() > 1) || !at.upstream->protection().at_ease())
    return false;
  if (!hedging_->take(worker)) {
    hedging_->count(worker, Hedging::Result::over_budget);
    return false;
  }
  Rival& r = *t.rival;
  r.at = std::move(at);
  r.record = record_attempt(ex, t, *r.at.target);
  r.record->beside = true;
  r.attempt.emplace(*r.at.target, *r.at.upstream, worker, ex.worker.loop, std::move(r.at.trial));
  return true;
}

// An answer for which the other attempt need not be waited for.
bool Forward::good(const http::ResponseHead& head) const noexcept {
  return head.status < 500 &&
         std::ranges::none_of(retry_.on, [&](const auto& r) { return r.holds(head.status); });
}

// Once the first attempt has an answer or none: whose it is to be. True if the second one's.
Task<bool> Forward::settle(Exchange& ex, Try& t, Result<void>& result) const {
  Rival& r = *t.rival;
  bool content = result && good(ex.response);
  if (!content && r.record && r.job.running() && !ex.scope.cancelled()) {
    auto joining = r.job.join();
    co_await joining;
  }
  auto now = ex.worker.loop.clock().steady();
  bool won = !content && r.won;
  if (r.record) hedging_->count(ex.worker.index, won ? Hedging::Result::won : Hedging::Result::lost);
  if (won) {
    if (result) result = base::fail(Reason::upstream_status);
    adopt(ex, t, result, now);
    result = {};
  } else if (r.record) {
    give_up(ex, t, now);
  }
  t.rival.reset();
  co_return won;
}

// The first attempt ends here, as one that failed or was outrun.
void Forward::adopt(Exchange& ex, Try& t, const Result<void>& first, base::SteadyTime now) const {
  Rival& r = *t.rival;
  auto began = ex.attempt->began();
  conclude(ex, t, {t.at, *t.record, *ex.attempt, ex.response.status, ex.upstream.asked}, first, now);
  // It would have taken longer still.
  if (first.error().reason == Reason::outrun) hedging_->took(ex.worker.index, t.record->took);
  ex.attempt.reset();
  ex.upstream_stream = std::move(r.stream);
  ex.attempt.emplace(std::move(*r.attempt));
  ex.response = r.response;
  ex.upstream.answered = r.answered;
  if (ex.upstream.asked == base::SteadyTime{}) {
    ex.upstream.asked = r.asked;
    ex.upstream.connect = r.asked - began;
  }
  t.at = std::move(r.at);
  t.record = r.record;
  t.may_hedge = false;
  ex.upstream.name = t.at.upstream->name();
  ex.upstream.target = t.record->target;
}

// The second attempt ends here, unless it has: its answer is not waited for.
void Forward::give_up(Exchange& ex, Try& t, base::SteadyTime now) const {
  Rival& r = *t.rival;
  if (r.job.running() || r.won) {
    r.record->took = now - r.attempt->began();
    r.record->reason = Reason::outrun;
    r.attempt->failed(Reason::outrun);
  }
  // The last one is the one whose answer counts.
  r.record->before = t.record->before;
  t.record->before = r.record;
  ex.upstream.attempts = t.record;
  ex.upstream.target = t.record->target;
}

}  // namespace sluice::handlers
