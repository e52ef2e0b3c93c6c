// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/transport.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "gateway/base/job.h"
#include "gateway/net/buffers.h"

namespace sluice::net::transport_test {
namespace {

using namespace std::chrono_literals;
using base::Outcome;
using base::Reason;

// A transport whose events are the test's.
class Line final : public Transport {
 public:
  explicit Line(Wheel& wheel) : Transport(wheel) {}
  Io try_read(std::span<char>) noexcept override {
    can_read_ = false;
    return {Io::Kind::again, 0, 0};
  }
  Io try_write(std::span<const iovec>) noexcept override {
    can_write_ = false;
    return {Io::Kind::again, 0, 0};
  }
  void shutdown_write() noexcept override {}
  void happen(bool read, bool write, bool hangup) { became_ready(read, write, hangup); }
};

struct Activity final : Watcher {
  int calls = 0;
  bool hangup = false;
  std::function<void()> then;
  void on_activity(bool h) noexcept override {
    ++calls;
    hangup = h;
    if (then) then();
  }
};

struct Ended {
  Outcome outcome;
  Reason why;
};

base::Task<Ended> wait_readable(Line& line, base::Duration timeout) {
  auto wait = line.readable(timeout);
  auto outcome = co_await wait;
  co_return Ended{outcome, wait.why()};
}
base::Task<Ended> wait_writable(Line& line, base::Duration timeout) {
  auto wait = line.writable(timeout);
  auto outcome = co_await wait;
  co_return Ended{outcome, wait.why()};
}

class TransportTest : public testing::Test {
 protected:
  void pass(base::Duration d) {
    now_ += d;
    wheel_.advance(now_);
    base::run_ready();
  }
  using Job = base::Job<Ended>;
  static Outcome outcome(Job& job) { return job.join().await_resume().outcome; }

  base::SteadyTime now_{1000h};
  Wheel wheel_{now_};
  std::unique_ptr<Line> line_ = std::make_unique<Line>(wheel_);
  base::Scope scope_;
  Job read_{&scope_}, write_{&scope_};
};

TEST_F(TransportTest, WaitsUntilAReadIsWorthATry) {
  read_.start(wait_readable(*line_, 0s));
  EXPECT_TRUE(read_.running());

  line_->happen(true, false, false);

  EXPECT_FALSE(read_.running());
  EXPECT_EQ(outcome(read_), Outcome::ready);
}

TEST_F(TransportTest, DoesNotWaitForWhatHasHappenedAlready) {
  line_->happen(true, true, false);

  read_.start(wait_readable(*line_, 1s));
  write_.start(wait_writable(*line_, 1s));

  EXPECT_EQ(outcome(read_), Outcome::ready);
  EXPECT_EQ(outcome(write_), Outcome::ready);
}

TEST_F(TransportTest, WakesReaderAndWriterEachForItsOwnEvent) {
  read_.start(wait_readable(*line_, 0s));
  write_.start(wait_writable(*line_, 0s));

  line_->happen(false, true, false);
  EXPECT_TRUE(read_.running());
  EXPECT_FALSE(write_.running());
  line_->happen(true, false, false);

  EXPECT_FALSE(read_.running());
}

TEST_F(TransportTest, WakesBothForAnEventOfBoth) {
  read_.start(wait_readable(*line_, 0s));
  write_.start(wait_writable(*line_, 0s));

  line_->happen(true, true, true);
  base::run_ready();

  EXPECT_EQ(outcome(read_), Outcome::ready);
  EXPECT_EQ(outcome(write_), Outcome::ready);
  EXPECT_TRUE(line_->hung_up());
}

TEST_F(TransportTest, TimesOutEachWaitOnItsOwn) {
  read_.start(wait_readable(*line_, 5s));
  write_.start(wait_writable(*line_, 1s));

  pass(1200ms);
  EXPECT_TRUE(read_.running());
  EXPECT_EQ(outcome(write_), Outcome::timeout);
  pass(3700ms);
  EXPECT_TRUE(read_.running());
  pass(300ms);

  EXPECT_EQ(outcome(read_), Outcome::timeout);
}

TEST_F(TransportTest, TimesOutBothInOneTick) {
  read_.start(wait_readable(*line_, 1s));
  write_.start(wait_writable(*line_, 1s));

  pass(1200ms);

  EXPECT_EQ(outcome(read_), Outcome::timeout);
  EXPECT_EQ(outcome(write_), Outcome::timeout);
}

TEST_F(TransportTest, WaitsForEverWithATimeoutOfZero) {
  read_.start(wait_readable(*line_, 0s));

  pass(24h);

  EXPECT_TRUE(read_.running());
}

TEST_F(TransportTest, CountsATimeoutFromTheWaitAndNotFromAnEarlierOne) {
  {
    Job first(&scope_);
    first.start(wait_readable(*line_, 1s));
    pass(900ms);
    line_->happen(true, false, false);
  }
  std::span<char> nothing;
  line_->try_read(nothing);

  read_.start(wait_readable(*line_, 1s));
  pass(900ms);

  EXPECT_TRUE(read_.running());
  pass(300ms);
  EXPECT_EQ(outcome(read_), Outcome::timeout);
}

TEST_F(TransportTest, EndsAWaitWhenTheScopeIsCancelled) {
  read_.start(wait_readable(*line_, 1s));

  read_.cancel(Reason::client_closed);
  base::run_ready();

  Ended ended = read_.join().await_resume();
  EXPECT_EQ(ended.outcome, Outcome::cancelled);
  EXPECT_EQ(ended.why, Reason::client_closed);
  line_->happen(true, false, false);  // nobody is there to be woken
  pass(2s);
}

TEST_F(TransportTest, EndsAWaitWhenItIsInterrupted) {
  line_->interrupt_read();
  read_.start(wait_readable(*line_, 0s));

  line_->interrupt_read();
  base::run_ready();

  EXPECT_EQ(outcome(read_), Outcome::timeout);
}

TEST_F(TransportTest, TellsTheWatcherWhileNobodyReads) {
  Activity activity;
  line_->watch(&activity);

  line_->happen(true, false, false);
  EXPECT_EQ(activity.calls, 1);
  EXPECT_FALSE(activity.hangup);
  line_->happen(true, true, true);

  EXPECT_EQ(activity.calls, 2);
  EXPECT_TRUE(activity.hangup);
}

TEST_F(TransportTest, DoesNotTellTheWatcherWhatAReaderIsWokenForNorThatItMayWrite) {
  Activity activity;
  line_->watch(&activity);
  read_.start(wait_readable(*line_, 0s));

  line_->happen(true, false, true);
  line_->happen(false, true, false);
  line_->watch(nullptr);
  line_->happen(true, false, false);

  EXPECT_EQ(activity.calls, 0);
}

TEST_F(TransportTest, TellsTheWatcherOfAHangupAlthoughAWriterWaits) {
  Activity activity;
  line_->watch(&activity);
  write_.start(wait_writable(*line_, 0s));

  line_->happen(true, true, true);
  base::run_ready();

  EXPECT_EQ(activity.calls, 1);
  EXPECT_EQ(outcome(write_), Outcome::ready);
}

TEST_F(TransportTest, LetsTheWatcherDestroyIt) {
  Activity activity;
  activity.then = [this] { line_.reset(); };
  line_->watch(&activity);

  line_->happen(true, true, true);

  EXPECT_FALSE(line_);
}

// What a coroutine that owns its transport does: it ends, and the transport with it.
TEST_F(TransportTest, LetsTheReaderDestroyItAndTheWriter) {
  std::optional<Job> writer(std::in_place, &scope_);
  writer->start(wait_writable(*line_, 0s));
  struct Context {
    std::unique_ptr<Line>& line;
    std::optional<Job>& writer;
  } context{line_, writer};
  base::Job<void> owner(&scope_);
  owner.start([](Context& c) -> base::Task<void> {
    co_await wait_readable(*c.line, 0s);
    c.writer.reset();
    c.line.reset();
  }(context));

  line_->happen(true, true, true);
  base::run_ready();

  EXPECT_FALSE(line_);
  EXPECT_FALSE(owner.running());
}

TEST_F(TransportTest, RefusesToSpliceUnlessItCan) {
  BufferPool pool;
  Pipe pipe = pool.pipe();

  EXPECT_FALSE(line_->can_splice());
  EXPECT_EQ(line_->try_splice_in(pipe, 1).error, ENOSYS);
  EXPECT_EQ(line_->try_splice_out(pipe, 1, false).error, ENOSYS);
  pool.give_back(pipe);
}

}  // namespace
}  // namespace sluice::net::transport_test
