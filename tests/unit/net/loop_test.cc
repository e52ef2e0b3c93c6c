// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <functional>
#include <memory>
#include <thread>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/net/sleep.h"

namespace sluice::net::loop_test {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;

// A descriptor that is readable whenever signal() was called.
class Event final : public Source {
 public:
  explicit Event(Loop& loop) : loop_(loop), fd_(::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {
    added = loop.add(fd_, EPOLLIN | EPOLLET, *this);
  }
  ~Event() {
    loop_.remove(fd_, *this);
    ::close(fd_);
  }
  void signal() {
    std::uint64_t one = 1;
    ASSERT_EQ(::write(fd_, &one, sizeof one), 8);
  }
  std::function<void()> then;
  int events = 0;
  bool added = false;

 private:
  void on_events(std::uint32_t) noexcept override {
    ++events;
    auto call = then;  // a copy: it may destroy this event
    if (call) call();
  }
  Loop& loop_;
  int fd_;
};

class LoopTest : public testing::Test {
 protected:
  base::VirtualClock clock_;
  Loop loop_{clock_};
};

TEST_F(LoopTest, ServesWhatIsReadyAndNothingElse) {
  Event ready(loop_), quiet(loop_);
  ready.signal();

  loop_.run_once(0s);
  loop_.run_once(0s);

  EXPECT_EQ(ready.events, 1);  // edge triggered
  EXPECT_EQ(quiet.events, 0);
}

TEST_F(LoopTest, SaysSoWhenTheSystemRefusesADescriptor) {
  Event event(loop_);

  EXPECT_TRUE(event.added);
  EXPECT_FALSE(loop_.add(-1, EPOLLIN, event));
  EXPECT_EQ(errno, EBADF);
}

TEST_F(LoopTest, DropsFetchedEventsOfASourceThatIsDestroyedInTheSameRound) {
  std::vector<std::unique_ptr<Event>> events;
  int served = 0;
  for (int i = 0; i < 20; ++i) {
    events.push_back(std::make_unique<Event>(loop_));
    events.back()->signal();
    Event* self = events.back().get();
    events.back()->then = [&, self] {  // the first one that is served destroys all others
      ++served;
      std::erase_if(events, [self](auto& e) { return e.get() != self; });
    };
  }

  loop_.run_once(0s);
  loop_.run_once(0s);

  EXPECT_EQ(served, 1);
}

TEST_F(LoopTest, LetsASourceDestroyItself) {
  auto event = std::make_unique<Event>(loop_);
  event->signal();
  event->then = [&] { event.reset(); };

  loop_.run_once(0s);

  EXPECT_FALSE(event);
}

TEST_F(LoopTest, LetsANewSourceTakeTheDescriptorOfAnOldOne) {
  auto old = std::make_unique<Event>(loop_);
  old->signal();
  old.reset();
  Event fresh(loop_);  // most likely the same number

  loop_.run_once(0s);
  EXPECT_EQ(fresh.events, 0);
  fresh.signal();
  loop_.run_once(0s);

  EXPECT_EQ(fresh.events, 1);
}

TEST_F(LoopTest, HearsNoMoreOfADescriptorThatOthersKeepOpen) {
  struct Counter final : Source {
    int events = 0;
    void on_events(std::uint32_t) noexcept override { ++events; }
  } source;
  int ours = ::eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), theirs = ::dup(ours);
  ASSERT_TRUE(loop_.add(ours, EPOLLIN | EPOLLET, source));

  loop_.remove_shared(ours, source);
  ::close(ours);
  std::uint64_t one = 1;
  ASSERT_EQ(::write(theirs, &one, sizeof one), 8);
  loop_.run_once(0s);

  EXPECT_EQ(source.events, 0);
  ::close(theirs);
}

TEST_F(LoopTest, RunsPostedWorkInOrder) {
  std::vector<int> order;
  for (int i = 0; i < 3; ++i) loop_.post([&order, i] { order.push_back(i); });

  loop_.run_once(0s);

  EXPECT_THAT(order, ElementsAre(0, 1, 2));
}

TEST_F(LoopTest, RunsWorkThatPostedWorkPostsInALaterRound) {
  int runs = 0;
  loop_.post([&] {
    ++runs;
    loop_.post([&] { ++runs; });
  });

  loop_.run_once(0s);
  EXPECT_EQ(runs, 1);
  loop_.run_once(0s);

  EXPECT_EQ(runs, 2);
}

TEST_F(LoopTest, DestroysWhatIsLeftWithoutRunningItWhileItIsWhole) {
  bool ran = false, gone = false;
  {
    Loop loop(clock_);
    auto event = std::make_shared<Event>(loop);  // leaves the loop when it is destroyed
    std::shared_ptr<int> owned(new int, [&](int* p) {
      gone = true;
      delete p;
    });
    loop.post([event, owned, &ran] { ran = true; });
    event.reset();
    owned.reset();
    EXPECT_FALSE(gone);
  }

  EXPECT_TRUE(gone);
  EXPECT_FALSE(ran);
}

TEST_F(LoopTest, DoesNotRunAfterItWasStopped) {
  int runs = 0;
  loop_.post([&] { ++runs; });
  loop_.stop();

  loop_.run();

  EXPECT_EQ(runs, 0);
}

TEST_F(LoopTest, FiresTimersWhenTheClockSaysSo) {
  base::Scope scope;
  base::Job<base::Outcome> job(&scope);
  job.start([](Loop& l) -> base::Task<base::Outcome> { co_return co_await sleep(l, 2s); }(loop_));

  clock_.advance(1900ms);
  loop_.run_once(0s);
  EXPECT_TRUE(job.running());
  clock_.advance(300ms);
  loop_.run_once(0s);

  EXPECT_FALSE(job.running());
}

TEST_F(LoopTest, FiresFineTimersWithinTwoMilliseconds) {
  base::Scope scope;
  base::Job<base::Outcome> job(&scope);
  job.start(
      [](Loop& l) -> base::Task<base::Outcome> { co_return co_await sleep(l.fine_wheel(), 8ms); }(loop_));

  clock_.advance(7ms);
  loop_.run_once(0s);
  EXPECT_TRUE(job.running());
  clock_.advance(3ms);
  loop_.run_once(0s);

  EXPECT_FALSE(job.running());
}

// The clock of the test stands still, the system's does not.
TEST_F(LoopTest, WaitsNoLongerThanAFineTimerAsksFor) {
  base::RealClock clock;
  Loop loop(clock);
  base::Scope scope;
  base::Job<base::Outcome> job(&scope);
  job.start(
      [](Loop& l) -> base::Task<base::Outcome> { co_return co_await sleep(l.fine_wheel(), 1ms); }(loop));

  while (job.running()) loop.run_once(1h);
}

// A timeout that an event sets after a long wait counts from the event.
TEST_F(LoopTest, CountsATimerFromTheEventThatSetIt) {
  struct Probe final : Timer {
    int fired = 0;
    void expired() noexcept override { ++fired; }
  } probe;
  Event event(loop_);
  event.then = [&] { loop_.wheel().set(probe, loop_.wheel().due_in(2s)); };
  clock_.advance(1h);
  event.signal();

  loop_.run_once(0s);
  EXPECT_EQ(probe.fired, 0);
  clock_.advance(2200ms);
  loop_.run_once(0s);

  EXPECT_EQ(probe.fired, 1);
}

TEST_F(LoopTest, ResumesWhatBecameReadyBeforeARoundEnds) {
  base::Scope scope;
  base::Job<base::Outcome> job(&scope);
  job.start([](Loop& l) -> base::Task<base::Outcome> { co_return co_await sleep(l, 1h); }(loop_));
  loop_.post([&] { scope.cancel(base::Reason::draining); });

  loop_.run_once(0s);

  EXPECT_FALSE(job.running());
}

TEST_F(LoopTest, CountsTheTimeItWorks) {
  loop_.post([&] { clock_.advance(5ms); });

  loop_.run_once(0s);
  loop_.run_once(0s);

  EXPECT_EQ(loop_.busy_nanoseconds(), 5'000'000u);
  EXPECT_EQ(loop_.idle_nanoseconds(), 0u);
}

TEST_F(LoopTest, KnowsTheTimeOfItsRound) {
  clock_.advance(3s);

  loop_.run_once(0s);

  EXPECT_EQ(loop_.now(), clock_.steady());
}

// --- With threads and the machine's clock.

TEST(LoopThread, WakesUpForATimerAndSleepsUntilThen) {
  base::RealClock clock;
  Loop loop(clock);
  struct Probe final : Timer {
    bool fired = false;
    void expired() noexcept override { fired = true; }
  } probe;
  loop.wheel().set(probe, loop.wheel().due_in(1ms));

  int rounds = 0;
  for (; !probe.fired; ++rounds) loop.run_once(1h);

  EXPECT_LE(rounds, 5);
  EXPECT_GT(loop.idle_nanoseconds(), 0u);
}

TEST(LoopThread, TakesWorkAndItsEndFromOtherThreads) {
  base::RealClock clock;
  Loop loop(clock);
  std::atomic<int> done = 0;
  std::thread::id worker;
  std::thread thread([&] {
    worker = std::this_thread::get_id();
    loop.run();
  });
  std::vector<std::thread> posters;
  std::atomic<bool> elsewhere = false;
  for (int t = 0; t < 4; ++t)
    posters.emplace_back([&] {
      for (int i = 0; i < 1000; ++i)
        loop.post([&] {
          if (std::this_thread::get_id() != worker) elsewhere = true;
          if (++done == 4000) loop.stop();
        });
    });

  for (auto& p : posters) p.join();
  thread.join();

  EXPECT_EQ(done, 4000);
  EXPECT_FALSE(elsewhere);
}

TEST(LoopThread, StopsWhileItWaitsForEvents) {
  base::RealClock clock;
  Loop loop(clock);
  std::thread thread([&] { loop.run(); });

  loop.stop();
  thread.join();
}

}  // namespace
}  // namespace sluice::net::loop_test
