// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/gate.h"

#include "gateway/base/list.h"
#include "gateway/net/signal.h"

namespace sluice::upstream {

using base::Result;
using base::Task;

// Those who wait on one worker, in the order in which they came. The list is its thread's, the count is read
// by all.
struct alignas(64) Gate::Line {
  Line(net::Loop& l, unsigned w) : loop(&l), worker(w) {}
  net::Loop* loop;
  unsigned worker;
  base::List<Waiter> waiters;
  std::atomic<std::uint32_t> count{0};
  unsigned given = 0;  // places, by this worker
};

struct Gate::Waiter : base::ListNode {
  Waiter(Gate& g, Line& l, base::Duration p)
      : gate(g), line(l), told(l.loop->wheel()), since(l.loop->now()), patience(p) {
    line.waiters.push_back(*this);
    line.count.fetch_add(1);
    gate.waiting_.fetch_add(1);
  }
  // Gone before it could take what it was given: somebody else may have it.
  ~Waiter() {
    leave_line();
    if (given) gate.leave(line.worker);
  }
  void leave_line() noexcept {
    if (!linked()) return;
    unlink();
    line.count.fetch_sub(1);
    gate.waiting_.fetch_sub(1);
  }

  Gate& gate;
  Line& line;
  net::Signal told;
  base::SteadyTime since;
  base::Duration patience;
  bool given = false;
};

Gate::Gate() = default;
Gate::~Gate() = default;

void Gate::serve(const std::vector<net::Loop*>& workers) {
  if (!lines_.empty()) return;
  for (unsigned w = 0; w < workers.size(); ++w) lines_.push_back(std::make_unique<Line>(*workers[w], w));
}

bool Gate::count_up(std::uint32_t at_most) noexcept {
  auto now = inside_.load();
  do {
    if (now >= at_most) return false;
  } while (!inside_.compare_exchange_weak(now, now + 1));
  return true;
}

Task<Result<Gate::Place>> Gate::enter(unsigned worker, Rules rules, const std::string& name) {
  if (Place place = try_enter(worker, rules.at_most)) co_return place;
  if (rules.waiting == 0) co_return base::fail(rules.refusal, name + std::string(rules.full));
  if (waiting_.load() >= rules.waiting)
    co_return base::fail(rules.refusal, "the queue of " + name + " is full");
  // Not over what was told: these rules may be older.
  std::uint32_t untold = 0;
  at_most_.compare_exchange_strong(untold, rules.at_most, std::memory_order_relaxed);
  Waiter waiter(*this, *lines_[worker], rules.patience);
  // It may have become free before anybody could see that somebody waits.
  if (Place place = try_enter(worker, rules.at_most)) co_return place;
  auto wait = waiter.told.wait(rules.patience);
  auto outcome = co_await wait;
  if (outcome == base::Outcome::cancelled) co_return base::fail(wait.why());
  if (!std::exchange(waiter.given, false))
    co_return base::fail(rules.refusal, "no room at " + name + " after a wait in its queue");
  co_return Place(*this, worker);
}

// Each of those who wait now is looked after once: whoever comes later finds the new number.
void Gate::allow(std::uint32_t at_most, unsigned worker) noexcept {
  at_most_.store(at_most, std::memory_order_relaxed);
  for (auto left = waiting_.load(); left != 0 && waiting_.load() != 0 && count_up(at_most); --left)
    leave(worker);
}

// Who begins to wait while this is on its way is looked after by the worker that gets it.
void Gate::now_allows(std::uint32_t at_most) {
  at_most_.store(at_most, std::memory_order_relaxed);
  if (lines_.empty()) return;
  lines_.front()->loop->post([self = weak_from_this()] {
    auto gate = self.lock();
    if (gate) gate->allow(gate->at_most_.load(std::memory_order_relaxed), 0);
  });
}

// A place goes on to somebody who waits, or becomes free. Who begins to wait in between looks himself.
void Gate::leave(unsigned worker) noexcept {
  do {
    if (waiting_.load() != 0 && give_away(worker)) return;
    inside_.fetch_sub(1);
  } while (waiting_.load() != 0 && count_up(at_most_.load(std::memory_order_relaxed)));
}

// Every eighth one to others, so that a worker whose own requests are slow is not forgotten.
bool Gate::give_away(unsigned worker) noexcept {
  constexpr unsigned kToOthers = 8;
  if (inside_.load() > at_most_.load(std::memory_order_relaxed)) return false;  // there are fewer places now
  auto& own = *lines_[worker];
  bool others_turn = ++own.given % kToOthers == 0;
  if (!others_turn && give_within(own)) return true;
  for (std::size_t i = 1; i < lines_.size(); ++i) {
    auto& other = *lines_[(worker + i) % lines_.size()];
    if (other.count.load() == 0) continue;
    other.loop->post([self = weak_from_this(), to = other.worker] {
      if (auto gate = self.lock()) gate->arrived(to);
    });
    return true;
  }
  return give_within(own);
}

// A place that another worker has sent.
void Gate::arrived(unsigned worker) noexcept {
  if (!give_within(*lines_[worker])) leave(worker);
}

bool Gate::give_within(Line& line) noexcept {
  Waiter* waiter = line.waiters.front();
  if (!waiter) return false;
  // Most of those before have given up or soon will: the newest has the best chance of being waited for.
  bool late = line.loop->now() - waiter->since > waiter->patience / 2;
  if (late) waiter = line.waiters.back();
  waiter->leave_line();
  waiter->given = true;
  waiter->told.notify();
  return true;
}

}  // namespace sluice::upstream
