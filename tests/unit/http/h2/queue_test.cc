// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h2/queue.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http::h2::queue_test {
namespace {

std::span<const char> bytes(const std::string& text) { return {text.data(), text.size()}; }

TEST(Queue, GivesBackWhatWasAppendedInOrder) {
  net::BufferPool pool;
  Queue queue(pool);
  std::string all, got;
  for (int i = 0; i < 5000; ++i) {
    std::string piece = std::to_string(i) + ",";
    all += piece;
    queue.append(bytes(piece));
  }
  EXPECT_EQ(queue.size(), all.size());

  while (!queue.empty()) {
    auto piece = queue.take(1000);
    got.append(piece.data(), piece.size());
  }

  EXPECT_EQ(got, all);
  EXPECT_TRUE(queue.take(1).empty());
}

TEST(Queue, HoldsNoBufferOnceItIsEmpty) {
  net::BufferPool pool;
  Queue queue(pool);
  queue.append(bytes(std::string(40'000, 'x')));
  while (!queue.take(100'000).empty()) {
  }
  auto kept = pool.held();
  queue.append(bytes("again"));

  EXPECT_EQ(pool.held(), kept) << "a buffer that was given back is used again";
}

TEST(Queue, KeepsTheLastPieceUntilTheNextCall) {
  net::BufferPool pool;
  Queue queue(pool);
  queue.append(bytes("one"));
  auto piece = queue.take(100);
  queue.append(bytes("two"));

  EXPECT_EQ(std::string(piece.data(), piece.size()), "one");
  EXPECT_EQ(queue.size(), 3u);
}

}  // namespace
}  // namespace sluice::http::h2::queue_test
