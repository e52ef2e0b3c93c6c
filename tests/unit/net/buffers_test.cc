// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/buffers.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstring>
#include <set>

namespace sluice::net::buffers_test {
namespace {

TEST(BufferPool, GivesTheMemoryOfAReturnedBufferAgain) {
  BufferPool pool;
  char* first = pool.head().data();  // returned at the end of the expression

  Buffer again = pool.head();

  EXPECT_EQ(again.data(), first);
  EXPECT_EQ(again.size(), BufferPool::kHead);
  EXPECT_EQ(pool.held(), BufferPool::kHead);
}

TEST(BufferPool, KeepsTheTwoSizesApart) {
  BufferPool pool;
  Buffer head = pool.head();
  Buffer body = pool.body();

  std::memset(head.data(), 'h', head.size());
  std::memset(body.data(), 'b', body.size());

  EXPECT_EQ(body.size(), BufferPool::kBody);
  EXPECT_EQ(head.data()[head.size() - 1], 'h');
  EXPECT_EQ(pool.held(), BufferPool::kHead + BufferPool::kBody);
}

TEST(BufferPool, GivesAllThatItKeepsBackWhenTold) {
  BufferPool pool;
  {
    Buffer head = pool.head(), body = pool.body();
  }
  pool.give_back(pool.pipe());
  Buffer used = pool.body();

  pool.trim();

  EXPECT_EQ(pool.held(), BufferPool::kBody);
  EXPECT_EQ(used.size(), BufferPool::kBody);
  EXPECT_EQ(pool.head().size(), BufferPool::kHead);  // and it goes on
}

TEST(BufferPool, GivesMemoryBackToTheSystemBeyondWhatItKeeps) {
  BufferPool pool;
  std::vector<Buffer> many;
  for (int i = 0; i < 2000; ++i) many.push_back(pool.head());
  EXPECT_EQ(pool.held(), 2000 * BufferPool::kHead);

  many.clear();

  EXPECT_EQ(pool.held(), 256 * BufferPool::kHead);
}

TEST(Buffer, IsEmptyAfterAMoveAndAfterRelease) {
  BufferPool pool;
  Buffer a = pool.head();
  char* bytes = a.data();

  Buffer b = std::move(a);
  EXPECT_FALSE(a);  // NOLINT: what a move leaves is the subject
  EXPECT_EQ(b.data(), bytes);
  b.release();
  b.release();

  EXPECT_FALSE(b);
  EXPECT_EQ(b.size(), 0u);
}

TEST(Buffer, ReturnsItsOwnMemoryWhenAnotherIsMovedIntoIt) {
  BufferPool pool;
  Buffer a = pool.head();
  Buffer b = pool.head();
  char* first = a.data();

  a = std::move(b);

  EXPECT_EQ(pool.head().data(), first);
}

TEST(BufferPool, GivesPipesThatCarryBytes) {
  BufferPool pool;
  Pipe pipe = pool.pipe();

  ASSERT_GE(pipe.read_end, 0);
  EXPECT_GE(pipe.capacity, 4096u);
  ASSERT_EQ(::write(pipe.write_end, "abc", 3), 3);
  char got[4] = {};
  EXPECT_EQ(::read(pipe.read_end, got, sizeof got), 3);
  EXPECT_STREQ(got, "abc");
  EXPECT_EQ(::read(pipe.read_end, got, sizeof got), -1);  // does not block
  EXPECT_EQ(errno, EAGAIN);
  pool.give_back(pipe);
}

TEST(BufferPool, GivesAReturnedPipeAgainAndClosesWhatItDoesNotKeep) {
  BufferPool pool;
  Pipe first = pool.pipe();
  pool.give_back(first);
  EXPECT_EQ(pool.pipe().read_end, first.read_end);

  std::vector<Pipe> many;
  for (int i = 0; i < 65; ++i) many.push_back(pool.pipe());
  for (Pipe p : many) pool.give_back(p);

  EXPECT_EQ(::write(many.front().write_end, "x", 1), 1);
  EXPECT_EQ(::write(many.back().write_end, "x", 1), -1);  // the 65th was closed
  EXPECT_EQ(errno, EBADF);
  BufferPool::close(first);
}

TEST(BufferPool, DoesNotHandOutAPipeThatWasNone) {
  BufferPool pool;

  pool.give_back(Pipe{});
  Pipe pipe = pool.pipe();

  EXPECT_GE(pipe.read_end, 0);
  pool.give_back(pipe);
}

}  // namespace
}  // namespace sluice::net::buffers_test
