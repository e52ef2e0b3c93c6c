// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/pump.h"

#include <gtest/gtest.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <memory>
#include <string>

#include "gateway/base/job.h"
#include "gateway/net/tcp.h"

#include "tests/support/memory_stream.h"

namespace sluice::net::pump_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using End = Relayed::End;

// The far end of a connection whose near end is the relay's.
class Far {
 public:
  explicit Far(Loop& loop) {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    near = std::make_unique<TcpTransport>(loop, ends[0], true);
    fd_ = ends[1];
  }
  ~Far() { close(); }
  void close() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
  }
  void half_close() { ::shutdown(fd_, SHUT_WR); }
  // As much as fits.
  std::size_t send(std::string_view bytes) {
    auto n = ::send(fd_, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    return n < 0 ? 0 : static_cast<std::size_t>(n);
  }
  // What has arrived.
  std::string take() {
    std::string out;
    char piece[64 * 1024];
    for (ssize_t n; (n = ::recv(fd_, piece, sizeof piece, 0)) != -1;) {
      if (n == 0) ended = true;
      if (n == 0) break;
      out.append(piece, static_cast<std::size_t>(n));
    }
    return out;
  }
  bool at_end() { return take().empty() && ended; }

  std::unique_ptr<TcpTransport> near;
  bool ended = false;

 private:
  int fd_ = -1;
};

class RelayTest : public testing::Test {
 protected:
  void SetUp() override { start(1h); }
  void start(base::Duration idle) { job_.start(relay(loop_, *a_.near, *b_.near, idle)); }
  void turn(int times = 5) {
    for (int i = 0; i < times; ++i) loop_.run_once(1ms);
  }
  bool ended() {
    turn();
    return !job_.running();
  }
  Relayed result() {
    for (int i = 0; i < 1000 && job_.running(); ++i) loop_.run_once(1ms);
    EXPECT_FALSE(job_.running()) << "the relay goes on";
    return job_.join().await_resume();
  }
  // Sends all of it from one end and gives what the other end gets.
  std::string through(Far& from, Far& to, const std::string& bytes) {
    std::string got;
    for (std::size_t sent = 0, idle = 0; got.size() < bytes.size() && idle < 1000; ++idle) {
      if (std::size_t n = from.send(std::string_view(bytes).substr(sent))) idle = 0, sent += n;
      loop_.run_once(1ms);
      got += to.take();
    }
    return got;
  }

  base::VirtualClock clock_;
  Loop loop_{clock_};
  base::Scope scope_;
  Far a_{loop_}, b_{loop_};
  base::Job<Relayed> job_{&scope_};
};

std::string patterned(std::size_t size) {
  std::string out(size, '\0');
  for (std::size_t i = 0; i < size; ++i) out[i] = static_cast<char>('!' + (i * 2654435761u >> 13) % 90);
  return out;
}

TEST_F(RelayTest, PassesSmallPiecesBothWays) {
  EXPECT_EQ(through(a_, b_, "hello"), "hello");
  EXPECT_EQ(through(b_, a_, "and back"), "and back");
  EXPECT_EQ(through(a_, b_, "again"), "again");
}

TEST_F(RelayTest, PassesWhatWasThereBefore) {
  Far c(loop_), d(loop_);
  base::Job<Relayed> job(&scope_);
  c.send("early");
  turn();

  job.start(relay(loop_, *c.near, *d.near, 1h));
  turn();

  EXPECT_EQ(d.take(), "early");
}

TEST_F(RelayTest, PassesMegabytesUnchanged) {
  auto bytes = patterned(5'000'000);

  EXPECT_TRUE(through(a_, b_, bytes) == bytes);
  EXPECT_TRUE(through(b_, a_, bytes) == bytes);
}

TEST_F(RelayTest, PassesMegabytesBothWaysAtOnce) {
  auto bytes = patterned(3'000'000);
  std::string forth, back;
  std::size_t sent_forth = 0, sent_back = 0;

  for (int i = 0; i < 20'000 && (forth.size() < bytes.size() || back.size() < bytes.size()); ++i) {
    sent_forth += a_.send(std::string_view(bytes).substr(sent_forth));
    sent_back += b_.send(std::string_view(bytes).substr(sent_back));
    loop_.run_once(1ms);
    forth += b_.take();
    back += a_.take();
  }

  EXPECT_TRUE(forth == bytes);
  EXPECT_TRUE(back == bytes);
}

TEST_F(RelayTest, HoldsNoMemoryWhileItIsIdle) {
  auto bytes = patterned(1'000'000);
  through(a_, b_, bytes);
  through(a_, b_, "small");
  turn();
  auto held = loop_.buffers().held();
  std::vector<Buffer> heads, bodies;

  // All that is held is free.
  for (std::size_t n = 0; n < held; n += BufferPool::kHead) heads.push_back(loop_.buffers().head());

  EXPECT_LE(loop_.buffers().held(), held + BufferPool::kHead * heads.size());
  EXPECT_EQ(through(a_, b_, "goes on"), "goes on");
}

TEST_F(RelayTest, StopsReadingWhenTheOtherSideStops) {
  auto bytes = patterned(100'000);
  std::size_t taken = 0;

  // Nobody reads at b: after what fits into the kernel and one pipe nothing more is taken.
  for (int i = 0; i < 400; ++i) {
    taken += a_.send(bytes);
    loop_.run_once(1ms);
  }
  EXPECT_LT(taken, 4'000'000u);

  std::string got;
  for (int i = 0; i < 2000 && got.size() < taken; ++i) {
    got += b_.take();
    loop_.run_once(1ms);
  }
  EXPECT_EQ(got.size(), taken);
}

TEST_F(RelayTest, PassesTheEndOfOneDirectionAndKeepsTheOther) {
  a_.send("last words");
  a_.half_close();
  turn();

  EXPECT_EQ(b_.take(), "last words");
  EXPECT_TRUE(b_.at_end());
  EXPECT_FALSE(a_.at_end());
  EXPECT_EQ(through(b_, a_, patterned(200'000)), patterned(200'000));
  EXPECT_FALSE(ended());

  b_.half_close();
  auto out = result();
  EXPECT_TRUE(a_.at_end());
  EXPECT_EQ(out.end, End::both_finished);
  EXPECT_EQ(out.forth, 10u);
  EXPECT_EQ(out.back, 200'000u);
}

TEST_F(RelayTest, EndsWhenNoByteMovesForTheIdleTime) {
  EXPECT_EQ(through(a_, b_, "hello"), "hello");
  clock_.advance(59min);
  EXPECT_FALSE(ended());
  EXPECT_EQ(through(b_, a_, "still here"), "still here");  // either direction counts
  clock_.advance(59min);
  EXPECT_FALSE(ended());
  clock_.advance(2min);

  auto out = result();

  EXPECT_EQ(out.end, End::cancelled);
  EXPECT_EQ(out.why, Reason::timeout_idle);
}

TEST_F(RelayTest, EndsWhenItsScopeIsCancelled) {
  scope_.cancel(Reason::draining);

  auto out = result();

  EXPECT_EQ(out.end, End::cancelled);
  EXPECT_EQ(out.why, Reason::draining);
}

// Has always more to say and always takes what is said.
class Endless final : public Transport {
 public:
  explicit Endless(Wheel& wheel) : Transport(wheel) { can_read_ = can_write_ = true; }
  Io try_read(std::span<char> into) noexcept override { return {Io::Kind::moved, into.size(), 0}; }
  Io try_write(std::span<const iovec> from) noexcept override {
    return {Io::Kind::moved, from[0].iov_len, 0};
  }
  void shutdown_write() noexcept override {}
};

TEST_F(RelayTest, LetsOthersHaveTheirTurnWhenItNeverHasToWait) {
  Endless one(loop_.wheel()), other(loop_.wheel());
  base::Job<Relayed> job(&scope_);
  job.start(relay(loop_, one, other, 1h));

  EXPECT_EQ(through(a_, b_, "not starved"), "not starved");

  scope_.cancel(Reason::draining);
  turn();
  EXPECT_FALSE(job.running());
  EXPECT_GT(job.join().await_resume().back, 1'000'000u);
  EXPECT_EQ(result().end, End::cancelled);
}

// Without the kernel's help: what TLS takes.
class MemoryRelayTest : public testing::Test {
 protected:
  void start() { job_.start(relay(loop_, *a_, *b_, 1h)); }
  void turn() {
    for (int i = 0; i < 50; ++i) {
      test::deliver();
      base::run_ready();
    }
  }
  Relayed result() {
    turn();
    EXPECT_FALSE(job_.running()) << "the relay goes on";
    return job_.join().await_resume();
  }
  base::VirtualClock clock_;
  Loop loop_{clock_};
  test::MemoryStream::Pair left_ = test::MemoryStream::pair(loop_.wheel());
  test::MemoryStream::Pair right_ = test::MemoryStream::pair(loop_.wheel());
  std::unique_ptr<test::MemoryStream>&a_ = left_.second, &b_ = right_.first;
  test::MemoryStream &client_ = *left_.first, &target_ = *right_.second;
  base::Scope scope_;
  base::Job<Relayed> job_{&scope_};
};

TEST_F(MemoryRelayTest, PassesMoreThanABufferInPieces) {
  auto bytes = patterned(60'000);
  start();

  client_.put(bytes);
  turn();

  EXPECT_EQ(target_.take(), bytes);
}

TEST_F(MemoryRelayTest, PassesBytesThroughTransportsThatStutter) {
  auto bytes = patterned(60'000);
  a_->stutter();
  b_->write_in_pieces({1, 7, 1000});
  start();

  client_.put(bytes);
  turn();
  std::string got = target_.take();
  for (int i = 0; i < 50; ++i) turn(), got += target_.take();

  EXPECT_EQ(got, bytes);
}

TEST_F(MemoryRelayTest, PassesAResetOn) {
  start();
  turn();

  client_.reset_on_close();
  left_.first.reset();
  auto out = result();
  right_.first.reset();
  test::deliver();

  EXPECT_EQ(out.end, End::first_broke);
  EXPECT_TRUE(target_.was_reset());
}

TEST_F(MemoryRelayTest, TellsWhichSideBroke) {
  start();
  turn();

  target_.reset_on_close();
  right_.second.reset();
  auto out = result();

  EXPECT_EQ(out.end, End::second_broke);
}

TEST_F(MemoryRelayTest, EndsInOrderWhateverTryFails) {
  for (unsigned n = 1; n <= 8; ++n) {
    auto left = test::MemoryStream::pair(loop_.wheel()), right = test::MemoryStream::pair(loop_.wheel());
    base::Job<Relayed> job(&scope_);
    right.first->fail_at(n, ECONNRESET);
    job.start(relay(loop_, *left.second, *right.first, 1h));
    for (int i = 0; i < 8; ++i) {
      left.first->put("x");
      right.second->put("y");
      turn();
    }
    ASSERT_FALSE(job.running()) << n;
    auto out = job.join().await_resume();
    EXPECT_EQ(out.end, End::second_broke) << n;
  }
}

}  // namespace
}  // namespace sluice::net::pump_test
