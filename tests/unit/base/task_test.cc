// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/task.h"

#include <gtest/gtest.h>

#include <stdexcept>
#include <string>

#include "gateway/base/job.h"

namespace sluice::base::task_test {
namespace {

// A thing to wait for that a test fires by hand.
class Event {
 public:
  class Awaiter final : public Wait {
   public:
    explicit Awaiter(Event& e) : event_(&e) {}
    ~Awaiter() { end(); }
    bool await_ready() const noexcept { return false; }
    template <class P>
    bool await_suspend(std::coroutine_handle<P> h) {
      if (!begin(h)) return false;
      event_->waiter_ = this;
      return true;
    }
    Outcome await_resume() const noexcept { return outcome(); }

   private:
    void forget() noexcept override { event_->waiter_ = nullptr; }
    Event* event_;
  };
  Awaiter wait() { return Awaiter(*this); }
  bool awaited() const { return waiter_ != nullptr; }
  void fire() { std::exchange(waiter_, nullptr)->finish(Outcome::ready); }

 private:
  Awaiter* waiter_ = nullptr;
};

int g_alive = 0;
struct Alive {
  Alive() { ++g_alive; }
  ~Alive() { --g_alive; }
  Alive(const Alive&) = delete;
};

Task<Outcome> await_event(Event& e) {
  Alive a;
  Outcome o = co_await e.wait();
  co_return o;
}

Task<void> store(Task<Outcome>& task, Outcome& out) { out = co_await task; }

Task<int> plain() { return 42; }
Task<int> immediate() { co_return 1; }
Task<long> sum(int n) {
  long s = 0;
  for (int i = 0; i < n; ++i) s += co_await immediate();
  co_return s;
}
template <class T>
Task<void> into(Task<T>& task, T& out) {
  out = co_await task;
}

TEST(Task, IsAPlainValueWithoutAFrame) {
  auto before = FramePool::misses();
  Task<int> t = plain();

  EXPECT_TRUE(t.await_ready());
  EXPECT_EQ(t.await_resume(), 42);
  EXPECT_EQ(FramePool::misses(), before);
}

TEST(Task, TwoMillionImmediateAwaitsDoNotGrowTheStack) {
  Scope root;
  long out = 0;
  auto t = sum(2'000'000);

  spawn(root, into(t, out));

  EXPECT_EQ(out, 2'000'000);
}

TEST(Task, ResumesWhenWhatItWaitsForHappens) {
  Scope root;
  Event e;
  Outcome out = Outcome::cancelled;
  auto t = await_event(e);
  spawn(root, store(t, out));
  ASSERT_TRUE(e.awaited());

  e.fire();

  EXPECT_EQ(out, Outcome::ready);
  EXPECT_EQ(g_alive, 0);
}

TEST(Task, FailsAPendingWaitWhenItsScopeIsCancelled) {
  Scope root;
  Event e;
  Outcome out = Outcome::ready;
  auto t = await_event(e);
  spawn(root, store(t, out));

  root.cancel(Reason::client_closed);
  EXPECT_EQ(g_alive, 1) << "resumed from inside cancel()";
  run_ready();

  EXPECT_EQ(out, Outcome::cancelled);
  EXPECT_FALSE(e.awaited());
  EXPECT_EQ(g_alive, 0);
}

TEST(Task, FailsAWaitThatBeginsInACancelledScope) {
  Scope root;
  root.cancel(Reason::client_closed);
  Event e;
  Outcome out = Outcome::ready;
  auto t = await_event(e);

  spawn(root, store(t, out));

  EXPECT_EQ(out, Outcome::cancelled);
}

TEST(Task, CancellationReachesChildScopesMadeBeforeAndAfter) {
  Scope root;
  Scope before(&root);

  root.cancel(Reason::timeout_total);
  Scope after(&root);

  EXPECT_EQ(before.why(), Reason::timeout_total);
  EXPECT_EQ(after.why(), Reason::timeout_total);
}

TEST(Task, KeepsTheFirstReason) {
  Scope root;
  root.cancel(Reason::timeout_total);
  root.cancel(Reason::client_closed);
  EXPECT_EQ(root.why(), Reason::timeout_total);
}

TEST(Task, OutlivesTheClientButNothingElse) {
  Scope root;
  Scope stream(&root), other(&root);
  Scope spared(&stream);
  Scope inner(&spared);
  spared.outlive_client();

  root.cancel(Reason::client_closed);
  EXPECT_TRUE(stream.cancelled());
  EXPECT_TRUE(other.cancelled());
  EXPECT_FALSE(spared.cancelled());
  EXPECT_FALSE(inner.cancelled());

  root.cancel(Reason::draining);
  EXPECT_EQ(stream.why(), Reason::client_closed);
  EXPECT_EQ(spared.why(), Reason::draining);
  EXPECT_EQ(inner.why(), Reason::draining);
}

TEST(Task, IsCancelledInAScopeThatOutlivesTheClientWhenThatIsCancelledItself) {
  Scope root;
  Scope spared(&root);
  spared.outlive_client();

  spared.cancel(Reason::client_closed);
  EXPECT_TRUE(spared.cancelled());

  spared.reset(nullptr);
  spared.reset(&root);
  root.cancel(Reason::client_closed);
  EXPECT_TRUE(spared.cancelled()) << "one that is used again is like any other";
}

Task<Outcome> run_in(Scope& scope, Event& e) {
  auto t = await_event(e);
  Outcome o = co_await std::move(t).in(scope);
  co_return o;
}

TEST(Task, MayRunInAnotherScope) {
  Scope root;
  Scope child(&root);
  Event e;
  Outcome out = Outcome::ready;
  auto t = run_in(child, e);
  spawn(root, store(t, out));

  child.cancel(Reason::timeout_total);
  run_ready();

  EXPECT_EQ(out, Outcome::cancelled);
  EXPECT_FALSE(root.cancelled());
}

TEST(Task, DestroyingASuspendedTaskDestroysItsWholeChain) {
  Scope root;
  Event e;
  {
    Job<Outcome> job(&root);
    job.start(run_in(root, e));
    EXPECT_EQ(g_alive, 1);
  }
  EXPECT_EQ(g_alive, 0);
  EXPECT_FALSE(e.awaited());
}

TEST(Task, DestroyingATaskThatIsReadyToRunIsSafe) {
  Scope root;
  Event e;
  {
    Job<Outcome> job(&root);
    job.start(await_event(e));
    root.cancel(Reason::client_closed);
  }
  EXPECT_FALSE(run_ready());
  EXPECT_EQ(g_alive, 0);
}

Task<int> throws_after(Event& e) {
  Alive a;
  co_await e.wait();
  throw std::runtime_error("bug in a filter");
  co_return 1;
}
Task<std::string> catches(Event& e) {
  std::string s;
  try {
    co_await throws_after(e);
  } catch (const std::exception& x) {
    s = x.what();
  }
  co_return s;
}

TEST(Task, ExceptionsReachTheAwaitingCoroutine) {
  Scope root;
  Event e;
  std::string out;
  auto t = catches(e);
  spawn(root, into(t, out));

  e.fire();

  EXPECT_EQ(out, "bug in a filter");
  EXPECT_EQ(g_alive, 0);
}

Task<std::vector<Outcome>> fan_out(Event& a, Event& b) {
  std::vector<Task<Outcome>> tasks;
  tasks.push_back(await_event(a));
  tasks.push_back(await_event(b));
  auto group = all(std::move(tasks));
  auto out = co_await group;
  co_return out;
}

TEST(All, WaitsForTheLastAndKeepsTheOrder) {
  Scope root;
  Event a, b;
  std::vector<Outcome> out;
  auto t = fan_out(a, b);
  spawn(root, into(t, out));

  b.fire();
  EXPECT_TRUE(out.empty());
  a.fire();

  EXPECT_EQ(out, (std::vector{Outcome::ready, Outcome::ready}));
}

TEST(All, EndsEveryChildWhenTheScopeIsCancelledAtEachPoint) {
  for (int fired = 0; fired < 2; ++fired) {
    Scope root;
    Event a, b;
    std::vector<Outcome> out;
    auto t = fan_out(a, b);
    spawn(root, into(t, out));
    if (fired) a.fire();

    root.cancel(Reason::client_closed);
    run_ready();

    EXPECT_EQ(out, (std::vector{fired ? Outcome::ready : Outcome::cancelled, Outcome::cancelled}));
    EXPECT_EQ(g_alive, 0);
  }
}

Task<std::vector<int>> immediate_fan_out() {
  std::vector<Task<int>> tasks;
  for (int i = 0; i < 3; ++i) tasks.push_back(immediate());
  tasks.push_back(plain());
  auto group = all(std::move(tasks));
  auto out = co_await group;
  co_return out;
}

TEST(All, OfTasksThatAreDoneAtOnceDoesNotSuspend) {
  Scope root;
  std::vector<int> out;
  auto t = immediate_fan_out();
  spawn(root, into(t, out));
  EXPECT_EQ(out, (std::vector{1, 1, 1, 42}));
}

Task<std::vector<int>> throwing_fan_out(Event& a, Event& b) {
  std::vector<Task<int>> tasks;
  tasks.push_back(throws_after(a));
  tasks.push_back(throws_after(b));
  auto group = all(std::move(tasks));
  auto out = co_await group;
  co_return out;
}
Task<bool> fan_out_throws(Event& a, Event& b) {
  bool thrown = false;
  try {
    co_await throwing_fan_out(a, b);
  } catch (const std::runtime_error&) {
    thrown = true;
  }
  co_return thrown;
}

TEST(All, ThrowsAfterEveryChildHasEnded) {
  Scope root;
  Event a, b;
  bool out = false;
  auto t = fan_out_throws(a, b);
  spawn(root, into(t, out));

  a.fire();
  EXPECT_FALSE(out);
  b.fire();

  EXPECT_TRUE(out);
  EXPECT_EQ(g_alive, 0);
}

using Winner = std::pair<std::size_t, Outcome>;
Task<Winner> race(Event& a, Event& b) {
  std::vector<Task<Outcome>> tasks;
  tasks.push_back(await_event(a));
  tasks.push_back(await_event(b));
  auto group = any(std::move(tasks), Reason::timeout_total);
  auto out = co_await group;
  co_return out;
}

TEST(Any, CancelsTheLosersAndReturnsWhenTheyHaveEnded) {
  Scope root;
  Event a, b;
  Winner out{9, Outcome::timeout};
  auto t = race(a, b);
  spawn(root, into(t, out));

  b.fire();
  EXPECT_EQ(out.first, 9u);
  run_ready();

  EXPECT_EQ(out, (Winner{1, Outcome::ready}));
  EXPECT_EQ(g_alive, 0);
  EXPECT_FALSE(root.cancelled());
}

TEST(Any, EndsEveryChildWhenTheScopeIsCancelled) {
  Scope root;
  Event a, b;
  Winner out{9, Outcome::timeout};
  auto t = race(a, b);
  spawn(root, into(t, out));

  root.cancel(Reason::client_closed);
  EXPECT_EQ(out.first, 9u) << "nobody is resumed from inside the call";
  run_ready();

  EXPECT_LT(out.first, 2u);
  EXPECT_EQ(out.second, Outcome::cancelled);
  EXPECT_EQ(g_alive, 0);
}

Task<int> one_after(Event& e) {
  Alive a;
  co_await e.wait();
  co_return 1;
}

// "index value" of the winner, or what it threw.
Task<std::string> told_race(std::vector<Task<int>> tasks) {
  std::string out;
  try {
    auto group = any(std::move(tasks), Reason::timeout_total);
    auto won = co_await group;
    out = std::to_string(won.first) + " " + std::to_string(won.second);
  } catch (const std::runtime_error& e) {
    out = e.what();
  }
  co_return out;
}

template <class... T>
Task<std::string> told_race_of(T... task) {
  std::vector<Task<int>> tasks;
  (tasks.push_back(std::move(task)), ...);
  return told_race(std::move(tasks));
}

TEST(Any, ThrowsWhatTheWinnerThrowsOnceTheLosersHaveEnded) {
  Scope root;
  Event a, b;
  std::string out;
  auto t = told_race_of(throws_after(a), one_after(b));
  spawn(root, into(t, out));

  a.fire();
  EXPECT_EQ(out, "");
  run_ready();

  EXPECT_EQ(out, "bug in a filter");
  EXPECT_EQ(g_alive, 0);
}

TEST(Any, ForgetsWhatALoserThrows) {
  Scope root;
  Event a, b;
  std::string out;
  auto t = told_race_of(throws_after(a), one_after(b));
  spawn(root, into(t, out));

  b.fire();
  run_ready();

  EXPECT_EQ(out, "1 1");
  EXPECT_EQ(g_alive, 0);
}

TEST(Any, IsWonByTheFirstThatEndsAtOnce) {
  Scope root;
  Event e;
  std::string first, last, both;
  auto one = told_race_of(immediate(), one_after(e));
  spawn(root, into(one, first));
  EXPECT_EQ(first, "0 1") << "the other one cannot wait any more";
  EXPECT_FALSE(e.awaited());

  auto two = told_race_of(one_after(e), immediate());
  spawn(root, into(two, last));
  EXPECT_EQ(last, "") << "what waits has not ended yet";
  run_ready();
  EXPECT_EQ(last, "1 1");

  auto three = told_race_of(plain(), immediate());
  spawn(root, into(three, both));
  EXPECT_EQ(both, "0 42");
  EXPECT_EQ(g_alive, 0);
}

TEST(Job, RunsBesideItsOwnerAndIsJoined) {
  Scope root;
  Event e;
  Job<Outcome> job(&root);
  job.start(await_event(e));
  EXPECT_TRUE(job.running());

  e.fire();

  EXPECT_FALSE(job.running());
  auto join = job.join();
  ASSERT_TRUE(join.await_ready());
  EXPECT_EQ(join.await_resume(), Outcome::ready);
}

Task<Outcome> own_a_job(Event& e) {
  Scope* s = co_await this_scope();
  Job<Outcome> job(s);
  job.start(await_event(e));
  Outcome o = co_await job.join();
  co_return o;
}

TEST(Job, MayBeDestroyedByTheOwnerThatItResumes) {
  Scope root;
  Event e;
  Outcome out = Outcome::cancelled;
  auto t = own_a_job(e);
  spawn(root, store(t, out));

  e.fire();

  EXPECT_EQ(out, Outcome::ready);
  EXPECT_EQ(g_alive, 0);
}

TEST(Job, IsCancelledAlone) {
  Scope root;
  Event e;
  Job<Outcome> job(&root);
  job.start(await_event(e));

  job.cancel(Reason::client_closed);
  run_ready();

  EXPECT_FALSE(job.running());
  EXPECT_FALSE(root.cancelled());
}

}  // namespace
}  // namespace sluice::base::task_test
