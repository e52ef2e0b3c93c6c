// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/write.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <string>
#include <tuple>
#include <vector>

#include "gateway/base/job.h"

#include "tests/support/memory_stream.h"

namespace sluice::net::write_test {
namespace {

using namespace std::chrono_literals;
using base::Reason;
using test::deliver;
using test::MemoryStream;

class WriteAllTest : public testing::Test {
 protected:
  WriteAllTest() { std::tie(near_, far_) = MemoryStream::pair(wheel_, 10); }
  void start(std::vector<std::string_view> texts) {
    for (auto text : texts) pieces_.push_back(piece(text));
    job_.start(write_all(*near_, pieces_, 1s, sent_));
  }
  // Lets the other side read until the write has ended.
  std::string drained() {
    std::string got = far_->take();
    while (deliver()) got += far_->take();
    return got;
  }
  void pass(base::Duration d) {
    now_ += d;
    wheel_.advance(now_);
    base::run_ready();
  }
  Written written() { return job_.join().await_resume(); }

  base::SteadyTime now_{1000h};
  Wheel wheel_{now_};
  std::unique_ptr<MemoryStream> near_, far_;
  std::vector<iovec> pieces_;
  std::uint64_t sent_ = 0;
  base::Scope scope_;
  base::Job<Written> job_{&scope_};
};

TEST_F(WriteAllTest, SendsWhatFitsAtOnce) {
  start({"one ", "two"});

  ASSERT_FALSE(job_.running());
  EXPECT_TRUE(written());
  EXPECT_EQ(far_->take(), "one two");
  EXPECT_EQ(sent_, 7u);
}

TEST_F(WriteAllTest, WaitsForTheOtherSideAsOftenAsNeeded) {
  start({"0123456", "", "789abcdefghijk", "", "lmnopqrstuvwxyz"});
  EXPECT_TRUE(job_.running());

  EXPECT_EQ(drained(), "0123456789abcdefghijklmnopqrstuvwxyz");

  EXPECT_TRUE(written());
  EXPECT_EQ(sent_, 36u);
}

TEST_F(WriteAllTest, GoesOnWhereAWriteStoppedInTheMiddleOfAPiece) {
  near_->write_in_pieces({1, 2, 3});
  near_->stutter();
  start({"abc", "defg", "hi"});

  EXPECT_EQ(drained(), "abcdefghi");

  EXPECT_TRUE(written());
}

TEST_F(WriteAllTest, FailsAtWhicheverTryTheConnectionFails) {
  unsigned tries = 0;
  {
    start({"0123456789", "0123456789", "0123456789"});
    drained();
    tries = near_->tries();
  }
  ASSERT_GE(tries, 3u);
  for (unsigned n = 1; n <= tries; ++n) {
    auto [near, far] = MemoryStream::pair(wheel_, 10);
    near->fail_at(n, ECONNRESET);
    std::vector<iovec> pieces(3, piece("0123456789"));
    std::uint64_t sent = 0;
    base::Job<Written> job(&scope_);
    job.start(write_all(*near, pieces, 1s, sent));
    while (deliver()) far->take();

    ASSERT_FALSE(job.running()) << n;
    Written w = job.join().await_resume();
    EXPECT_EQ(w.kind, Written::Kind::failed) << n;
    EXPECT_EQ(w.error, ECONNRESET) << n;
    EXPECT_LT(sent, 30u) << n;
  }
}

TEST_F(WriteAllTest, TimesOutWhenTheOtherSideDoesNotRead) {
  start({"0123456789", "more"});
  EXPECT_EQ(sent_, 10u);

  pass(1200ms);

  ASSERT_FALSE(job_.running());
  EXPECT_EQ(written().kind, Written::Kind::timeout);
}

TEST_F(WriteAllTest, StartsTheTimeoutAnewWheneverBytesLeave) {
  start({"0123456789", "0123456789", "0123456789"});
  for (int i = 0; i < 3; ++i) {
    pass(900ms);
    far_->take();
    deliver();
  }

  ASSERT_FALSE(job_.running());
  EXPECT_TRUE(written());
}

TEST_F(WriteAllTest, EndsWhenItsScopeIsCancelled) {
  start({"0123456789", "more"});

  job_.cancel(Reason::client_closed);
  base::run_ready();

  Written w = written();
  EXPECT_EQ(w.kind, Written::Kind::cancelled);
  EXPECT_EQ(w.why, Reason::client_closed);
}

}  // namespace
}  // namespace sluice::net::write_test
