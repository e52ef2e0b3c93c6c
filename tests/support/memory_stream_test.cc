// SPDX-License-Identifier: Apache-2.0
#include "tests/support/memory_stream.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "gateway/base/job.h"
#include "gateway/net/write.h"

namespace sluice::test::memory_stream_test {
namespace {

using namespace std::chrono_literals;
using base::Outcome;
using base::Reason;
using net::Io;

// Reads until the end, an error or a timeout of a second; notes each read as "4:abcd".
base::Task<std::string> read_all(net::Transport& from) {
  std::string log;
  for (;;) {
    char buffer[8];
    Io io = from.try_read(buffer);
    if (io.kind == Io::Kind::moved) {
      log += std::to_string(io.bytes) + ":" + std::string(buffer, io.bytes) + " ";
    } else if (io.kind == Io::Kind::closed) {
      co_return log + "closed";
    } else if (io.kind == Io::Kind::failed) {
      co_return log + "failed " + std::to_string(io.error);
    } else {
      auto outcome = co_await from.readable(1s);
      if (outcome == Outcome::timeout) co_return log + "timeout";
    }
  }
}

class MemoryStreamTest : public testing::Test {
 protected:
  MemoryStreamTest() { std::tie(near_, far_) = MemoryStream::pair(wheel_, 10); }
  // What read_all() made of everything that happens.
  std::string finished() {
    deliver();
    return reading_.running() ? "still waiting" : reading_.join().await_resume();
  }
  static Io write(net::Transport& to, std::string_view bytes) {
    iovec v = net::piece(bytes);
    return to.try_write({&v, 1});
  }

  net::Wheel wheel_{base::SteadyTime(1h)};
  base::Scope scope_;
  std::unique_ptr<MemoryStream> near_, far_;
  base::Job<std::string> reading_{&scope_};
};

TEST_F(MemoryStreamTest, CarriesBytesAndTheEnd) {
  reading_.start(read_all(*near_));

  write(*far_, "hello");
  deliver();
  write(*far_, "world");
  far_->shutdown_write();

  EXPECT_EQ(finished(), "5:hello 5:world closed");
  EXPECT_TRUE(near_->hung_up());
}

TEST_F(MemoryStreamTest, WakesNobodyBeforeEventsAreDelivered) {
  reading_.start(read_all(*near_));

  far_->put("x");
  far_.reset();

  EXPECT_TRUE(reading_.running());
  EXPECT_EQ(finished(), "1:x closed");
}

TEST_F(MemoryStreamTest, LetsTheTestPlayOneEnd) {
  write(*near_, "question");

  EXPECT_EQ(far_->take(), "question");
  EXPECT_FALSE(far_->at_end());
  near_->shutdown_write();

  EXPECT_TRUE(far_->at_end());
  EXPECT_EQ(far_->take(), "");
}

TEST_F(MemoryStreamTest, HandsBytesOverInPieces) {
  near_->read_in_pieces({1, 3, 2});
  reading_.start(read_all(*near_));

  far_->put("abcdefghi");
  far_->shutdown_write();

  EXPECT_EQ(finished(), "1:a 3:bcd 2:ef 2:gh 1:i closed");
}

TEST_F(MemoryStreamTest, WaitsBetweenPiecesAsForEventsOfTheirOwn) {
  near_->read_in_pieces({2});
  far_->put("abcd");
  deliver();
  char buffer[8];

  EXPECT_EQ(near_->try_read(buffer).bytes, 2u);
  EXPECT_EQ(near_->try_read(buffer).kind, Io::Kind::again);
  deliver();

  EXPECT_EQ(near_->try_read(buffer).bytes, 2u);
}

TEST_F(MemoryStreamTest, TakesPartsOfWritesAndBlocksWhenFull) {
  near_->write_in_pieces({4, 100});

  EXPECT_EQ(write(*near_, "0123456789ab").bytes, 4u);
  EXPECT_EQ(write(*near_, "456789ab").bytes, 6u);
  EXPECT_EQ(write(*near_, "ab").kind, Io::Kind::again);
  EXPECT_EQ(far_->take(), "0123456789");
  EXPECT_EQ(write(*near_, "ab").kind, Io::Kind::again) << "the event was not delivered yet";
  deliver();

  EXPECT_EQ(write(*near_, "ab").bytes, 2u);
}

TEST_F(MemoryStreamTest, GathersPieces) {
  iovec pieces[] = {net::piece("ab"), net::piece(""), net::piece("cdef")};
  near_->write_in_pieces({3});

  EXPECT_EQ(near_->try_write(pieces).bytes, 3u);

  EXPECT_EQ(far_->take(), "abc");
}

TEST_F(MemoryStreamTest, WritesThroughAFullStreamWithWriteAll) {
  std::string sent_text(100, 'x'), got;
  iovec pieces[] = {net::piece(sent_text)};
  std::uint64_t sent = 0;
  base::Job<net::Written> job(&scope_);
  job.start(net::write_all(*near_, pieces, 1s, sent));

  while (job.running()) {
    got += far_->take();
    if (!deliver()) break;
  }
  got += far_->take();

  EXPECT_TRUE(job.join().await_resume());
  EXPECT_EQ(got, sent_text);
  EXPECT_EQ(sent, 100u);
}

TEST_F(MemoryStreamTest, FailsAtTheNthTryAndEverAfter) {
  near_->fail_at(2, EIO);
  far_->put("ab");
  deliver();
  char one[1];

  EXPECT_EQ(near_->try_read(one).bytes, 1u);
  EXPECT_EQ(near_->try_read(one).error, EIO);
  EXPECT_EQ(near_->try_read(one).kind, Io::Kind::failed);
  EXPECT_EQ(write(*near_, "x").error, EIO);
  EXPECT_EQ(near_->tries(), 4u);
}

TEST_F(MemoryStreamTest, SaysAgainEveryOtherTimeWhenItStutters) {
  near_->stutter();
  near_->read_in_pieces({2});
  reading_.start(read_all(*near_));

  far_->put("abcd");
  far_->shutdown_write();

  EXPECT_EQ(finished(), "2:ab 2:cd closed");
  EXPECT_GE(near_->tries(), 6u);
}

TEST_F(MemoryStreamTest, ResetsTheOtherEnd) {
  far_->reset_on_close();
  far_->put("lost");
  far_.reset();
  reading_.start(read_all(*near_));

  EXPECT_EQ(finished(), "failed " + std::to_string(ECONNRESET));
  EXPECT_TRUE(near_->was_reset());
}

TEST_F(MemoryStreamTest, ResetsTheOtherEndWhenItClosesOverUnreadBytes) {
  near_->put("never read");
  far_.reset();
  reading_.start(read_all(*near_));

  EXPECT_EQ(finished(), "failed " + std::to_string(ECONNRESET));
}

TEST_F(MemoryStreamTest, FailsToWriteToAnEndThatIsGone) {
  far_.reset();

  EXPECT_EQ(write(*near_, "x").error, EPIPE);
}

TEST_F(MemoryStreamTest, TellsTheWatcher) {
  struct : net::Watcher {
    int bytes = 0, hangups = 0;
    void on_activity(bool hangup) noexcept override { ++(hangup ? hangups : bytes); }
  } watcher;
  near_->watch(&watcher);

  far_->put("x");
  deliver();
  EXPECT_EQ(watcher.bytes, 1);
  far_.reset();
  deliver();

  EXPECT_EQ(watcher.hangups, 1);
}

TEST_F(MemoryStreamTest, TimesOutOnTheWheel) {
  reading_.start(read_all(*near_));

  wheel_.advance(base::SteadyTime(1h + 1200ms));

  EXPECT_EQ(finished(), "timeout");
}

TEST_F(MemoryStreamTest, ForgetsEventsOfAStreamThatIsGone) {
  far_->put("x");
  near_.reset();

  EXPECT_TRUE(deliver());  // the other end hears of the close
  EXPECT_FALSE(deliver());
}

}  // namespace
}  // namespace sluice::test::memory_stream_test
