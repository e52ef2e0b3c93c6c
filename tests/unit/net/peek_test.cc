// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/peek.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <string>

#include "gateway/base/job.h"
#include "gateway/net/tcp.h"

namespace sluice::net::peek_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;

class PeekTest : public testing::Test {
 protected:
  PeekTest() {
    int ends[2];
    EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), 0);
    ours_ = std::make_unique<TcpTransport>(loop_, ends[0], true);
    theirs_ = ends[1];
  }
  ~PeekTest() override { close_theirs(); }
  void close_theirs() {
    if (theirs_ >= 0) ::close(theirs_);
    theirs_ = -1;
  }
  void arrive(std::string_view bytes) {
    EXPECT_EQ(::send(theirs_, bytes.data(), bytes.size(), MSG_NOSIGNAL), static_cast<ssize_t>(bytes.size()));
  }
  void start(std::size_t than, base::Duration timeout = 0s) {
    job_.start(peek(*ours_, into_, than, timeout));
  }
  // Lets the loop see what has happened until the peek has ended, or for as long as nothing happens.
  bool ended() {
    for (int i = 0; i < 10 && job_.running(); ++i) loop_.run_once(1ms);
    return !job_.running();
  }
  base::Result<std::size_t> result() {
    while (job_.running()) loop_.run_once(20ms);
    return job_.join().await_resume();
  }

  base::VirtualClock clock_;
  Loop loop_{clock_};
  base::Scope scope_;
  std::unique_ptr<TcpTransport> ours_;
  int theirs_ = -1;
  char into_[16];
  base::Job<base::Result<std::size_t>> job_{&scope_};
};

TEST_F(PeekTest, LeavesWhatItSawForTheNextRead) {
  arrive("hello");
  start(4);

  EXPECT_EQ(*result(), 5u);
  EXPECT_EQ(std::string_view(into_, 5), "hello");
  char again[16];
  EXPECT_EQ(ours_->try_read(again).bytes, 5u);
  EXPECT_EQ(std::string_view(again, 5), "hello");
}

TEST_F(PeekTest, WaitsForMoreThanItWasTold) {
  arrive("four");
  start(4);
  EXPECT_FALSE(ended());

  arrive("5");

  EXPECT_EQ(*result(), 5u);
  EXPECT_EQ(std::string_view(into_, 5), "four5");
}

TEST_F(PeekTest, SaysZeroWhenTheRestWillNeverCome) {
  arrive("four");
  start(4);
  EXPECT_FALSE(ended());

  close_theirs();

  EXPECT_EQ(*result(), 0u);
}

TEST_F(PeekTest, SaysZeroOfAConnectionThatClosesAtOnce) {
  start(0);

  close_theirs();

  EXPECT_EQ(*result(), 0u);
}

TEST_F(PeekTest, GivesUpWhenNothingComesInTime) {
  start(0, 2s);
  EXPECT_FALSE(ended());

  clock_.advance(3s);

  EXPECT_EQ(result().error().reason, Reason::client_timeout);
}

TEST_F(PeekTest, LeavesWhatItSawWhenNothingMoreComesInTime) {
  arrive("four");
  start(4, 2s);
  EXPECT_FALSE(ended());

  clock_.advance(3s);

  EXPECT_EQ(result().error().reason, Reason::client_timeout);
  char again[16];
  EXPECT_EQ(ours_->try_read(again).bytes, 4u);
}

TEST_F(PeekTest, EndsWithTheReasonOfItsScope) {
  start(0);

  scope_.cancel(Reason::draining);
  base::run_ready();

  EXPECT_EQ(result().error().reason, Reason::draining);
}

TEST_F(PeekTest, IsRefusedWhereBytesCannotBeLookedAt) {
  struct : Transport {
    using Transport::Transport;
    Io try_read(std::span<char>) noexcept override { return {Io::Kind::again}; }
    Io try_write(std::span<const iovec>) noexcept override { return {Io::Kind::again}; }
    void shutdown_write() noexcept override {}
  } blind{loop_.wheel()};

  EXPECT_EQ(blind.try_peek(into_).error, ENOSYS);
}

}  // namespace
}  // namespace sluice::net::peek_test
