// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/arena.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

namespace sluice::base::arena_test {
namespace {

TEST(Arena, AlignsWhatItAllocates) {
  Arena arena;

  for (std::size_t align : {1u, 2u, 4u, 8u, 16u}) {
    arena.allocate(1, 1);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(arena.allocate(3, align)) % align, 0u) << align;
  }
}

TEST(Arena, KeepsAllocationsApartAcrossBlocks) {
  Arena arena;
  std::vector<std::span<char>> pieces;
  for (int i = 0; i < 200; ++i) {
    pieces.push_back({arena.chars(100), 100});
    std::memset(pieces.back().data(), i, 100);
  }

  for (int i = 0; i < 200; ++i)
    for (char c : pieces[static_cast<std::size_t>(i)]) ASSERT_EQ(c, static_cast<char>(i));
}

TEST(Arena, ServesMoreThanABlockAtOnce) {
  Arena arena;
  char* p = arena.chars(10 * Arena::kFirstBlock);
  std::memset(p, 'x', 10 * Arena::kFirstBlock);

  EXPECT_GE(arena.held(), 10 * Arena::kFirstBlock);
}

TEST(Arena, CopiesAndJoinsTexts) {
  Arena arena;
  std::string text = "abc";
  auto copy = arena.copy(text);
  text = "xyz";

  EXPECT_EQ(copy, "abc");
  EXPECT_EQ(arena.copy(""), "");
  EXPECT_EQ(arena.join("GET ", std::string_view("/a"), std::string(" HTTP/1.1"), std::string_view()),
            "GET /a HTTP/1.1");
}

TEST(Arena, MakesObjectsAndArrays) {
  struct Point {
    int x, y;
  };
  Arena arena;

  EXPECT_EQ(arena.make<Point>(1, 2)->y, 2);
  auto numbers = arena.array<std::uint64_t>(1000);
  numbers[999] = 5;
  EXPECT_EQ(numbers.size(), 1000u);
}

TEST(Arena, GivesBackAllButOneBlockOnReset) {
  if (!Arena::kKeepsFirstBlock) GTEST_SKIP() << "this build keeps none";
  Arena arena;
  arena.allocate(1);
  const auto one_block = arena.held();
  for (int i = 0; i < 100; ++i) arena.chars(Arena::kFirstBlock);
  ASSERT_GT(arena.held(), one_block);
  arena.reset();

  EXPECT_EQ(arena.held(), one_block);
  arena.allocate(1);
  EXPECT_EQ(arena.held(), one_block);
}

}  // namespace
}  // namespace sluice::base::arena_test
