// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/input.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/base/clock.h"

#include "tests/support/memory_stream.h"

namespace sluice::http::h1::input_test {
namespace {

constexpr std::size_t kHead = net::BufferPool::kHead;

class InputTest : public testing::Test {
 protected:
  void arrive(std::string_view bytes) {
    ends_.first->put(bytes);
    test::deliver();
  }
  // A message whose first 10 bytes are its head, read as the connections read it.
  void read_message(Input& input, std::size_t size) {
    arrive(std::string(size, 'x'));
    input.read_head();
    std::size_t seen = input.pending().size();
    input.use(input.pending().size());
    while (seen < size) {
      input.read_body(size - seen, input.room_past());
      seen += input.pending().size();
      input.use(input.pending().size());
    }
    input.next_message();
  }

  base::VirtualClock clock_;
  net::Wheel wheel_{clock_.steady()};
  net::BufferPool pool_;
  test::MemoryStream::Pair ends_ = test::MemoryStream::pair(wheel_, 1024 * 1024);
};

TEST_F(InputTest, ReadsTheMessageAfterALargeOneInOneGo) {
  Input input(*ends_.second, pool_);
  read_message(input, 60'000);
  ASSERT_TRUE(input.large());
  input.release();

  arrive(std::string(60'000, 'y'));

  EXPECT_EQ(input.read_head().bytes, 60'000u);
}

TEST_F(InputTest, GoesBackToTheSmallBufferAfterASmallMessage) {
  Input input(*ends_.second, pool_, true);
  read_message(input, 100);
  ASSERT_FALSE(input.large());
  input.release();

  arrive(std::string(60'000, 'y'));

  EXPECT_EQ(input.read_head().bytes, kHead);
}

TEST_F(InputTest, TakesOverWhatWasReadPastABody) {
  Input input(*ends_.second, pool_);
  arrive(std::string(kHead + 1000, 'x') + "GET / HTTP/1.1");
  input.read_head();
  input.use(kHead);

  input.read_body(1000, input.room_past());
  input.use(1000);
  input.next_message();

  EXPECT_EQ(std::string_view(input.pending().data(), input.pending().size()), "GET / HTTP/1.1");
}

// The rest would not fit into the head buffer when the message ends: it must stay in the socket.
TEST_F(InputTest, LeavesInTheSocketWhatTheHeadBufferCannotTake) {
  Input input(*ends_.second, pool_);
  arrive(std::string(kHead, 'x') + std::string(1000, 'b') + std::string(3 * kHead, 'n'));
  input.read_head();
  input.use(kHead);

  input.read_body(1000, input.room_past());
  ASSERT_LE(input.pending().size(), 1000 + kHead);
  input.use(1000);
  std::size_t past = input.pending().size();
  input.next_message();

  EXPECT_EQ(input.pending().size(), past);
  char rest[8];
  EXPECT_EQ(ends_.second->try_read(rest).bytes, sizeof rest);
}

// A client that has sent a large message and then sends a head byte by byte.
TEST_F(InputTest, HoldsNoLargeBufferForAHeadThatTakesItsTime) {
  Input input(*ends_.second, pool_, true);
  arrive("GET / HT");
  input.read_head();
  ASSERT_EQ(input.room_past(), net::BufferPool::kBody);

  input.settle();

  EXPECT_EQ(input.room_past(), kHead);
  EXPECT_EQ(std::string_view(input.pending().data(), input.pending().size()), "GET / HT");
  arrive("TP/1.1");
  input.read_head();
  EXPECT_EQ(std::string_view(input.pending().data(), input.pending().size()), "GET / HTTP/1.1");
}

TEST_F(InputTest, KeepsALargeBufferThatIsNeeded) {
  Input input(*ends_.second, pool_, true);
  arrive(std::string(kHead, 'x'));
  input.read_head();

  input.settle();

  EXPECT_EQ(input.room_past(), net::BufferPool::kBody);
  EXPECT_EQ(input.pending().size(), kHead);
}

TEST_F(InputTest, HoldsNoBufferForABodyThatTakesItsTime) {
  Input input(*ends_.second, pool_);
  arrive("x");
  input.read_head();
  input.use(1);
  arrive(std::string(100, 'b'));
  input.read_body(1'000'000, 0);
  input.use(50);
  input.release_body();
  EXPECT_EQ(input.pending().size(), 50u);

  input.use(50);
  input.release_body();

  std::size_t held = pool_.held();
  net::Buffer another = pool_.body();  // the same one
  EXPECT_EQ(pool_.held(), held);
}

TEST_F(InputTest, CountsEveryByteOnce) {
  Input input(*ends_.second, pool_);
  read_message(input, 60'000);
  read_message(input, 100);
  input.passed_by(50);

  EXPECT_EQ(input.received(), 60'150u);
}

}  // namespace
}  // namespace sluice::http::h1::input_test
