// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/replay_body.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http {
namespace {

// What is there to read; the test's bodies never wait.
std::string read_all(Body& body, std::size_t at_most = 3) {
  std::string text;
  for (;;) {
    auto piece = body.read(at_most).await_resume();
    EXPECT_TRUE(piece.has_value());
    if (!piece) return text;
    text.append(piece->bytes.data(), piece->bytes.size());
    if (piece->last) return text;
  }
}

struct ReplayBodyTest : testing::Test {
  ReplayBody over(std::string_view text, std::size_t limit) {
    return ReplayBody(make_body<TextBody>(arena, text), arena, limit);
  }
  base::Arena arena;
};

TEST_F(ReplayBodyTest, GivesTheSameAgain) {
  ReplayBody body = over("hello, world", 100);

  EXPECT_EQ(read_all(body), "hello, world");
  ASSERT_TRUE(body.repeatable());
  body.rewind();
  EXPECT_EQ(body.length(), 12u);
  EXPECT_EQ(read_all(body, 5), "hello, world");
  body.rewind();
  EXPECT_EQ(read_all(body, 100), "hello, world");
}

TEST_F(ReplayBodyTest, GoesOnWithWhatWasNotReadBefore) {
  ReplayBody body = over("hello, world", 100);
  (void)body.read(3).await_resume();
  EXPECT_EQ(body.length(), 9u);

  body.rewind();

  EXPECT_EQ(body.length(), 12u);
  EXPECT_EQ(read_all(body), "hello, world");
}

TEST_F(ReplayBodyTest, ForgetsWhatIsTooLong) {
  ReplayBody body = over("hello, world", 8);

  (void)body.read(6).await_resume();
  EXPECT_TRUE(body.repeatable());
  EXPECT_EQ(read_all(body), " world");

  EXPECT_FALSE(body.repeatable());
}

TEST_F(ReplayBodyTest, RepeatsAnEmptyBody) {
  ReplayBody body = over("", 8);

  EXPECT_EQ(read_all(body), "");
  body.rewind();
  EXPECT_EQ(read_all(body), "");
}

}  // namespace
}  // namespace sluice::http
