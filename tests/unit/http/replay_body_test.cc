// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/replay_body.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/base/clock.h"

#include "tests/support/memory_stream.h"

namespace sluice::http::replay_body_test {
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

// A source whose pieces are gone with the next call, as those of connections are.
struct Overwriting final : Body {
  explicit Overwriting(std::string_view all) : left(all) {}
  base::Task<base::Result<Piece>> read(std::size_t at_most) override {
    lying.assign(left.substr(0, at_most));
    left.remove_prefix(lying.size());
    return base::Result<Piece>(Piece{{lying.data(), lying.size()}, left.empty(), nullptr});
  }
  std::optional<std::uint64_t> length() const noexcept override { return left.size(); }
  void abandon() noexcept override { lying.assign(lying.size(), '?'); }
  net::Transport* verbatim_source() noexcept override { return transport; }
  void took(std::uint64_t bytes) noexcept override { left.remove_prefix(bytes); }
  net::Transport* transport = nullptr;
  std::string_view left;
  std::string lying;
};

TEST_F(ReplayBodyTest, CopiesWhatItsSourceIsAboutToOverwrite) {
  ReplayBody body(make_body<Overwriting>(arena, "hello, world"), arena, 100);

  (void)body.read(3).await_resume();
  (void)body.read(3).await_resume();
  body.rewind();
  EXPECT_EQ(read_all(body, 5), "hello, world");
  body.abandon();
  body.rewind();

  EXPECT_EQ(read_all(body), "hello, world");
}

TEST_F(ReplayBodyTest, RepeatsItsFirstPieceWithoutMemory) {
  ReplayBody body(make_body<Overwriting>(arena, "hello, world"), arena, 0);

  (void)body.read(5).await_resume();
  ASSERT_TRUE(body.repeatable());
  body.rewind();
  EXPECT_EQ(body.length(), 12u);
  EXPECT_EQ(read_all(body, 5), "hello, world");

  EXPECT_FALSE(body.repeatable());
}

TEST_F(ReplayBodyTest, RepeatsNothingThatMovedInsideTheKernel) {
  ReplayBody body(make_body<Overwriting>(arena, "hello, world"), arena, 100);

  EXPECT_EQ(body.verbatim_source(), nullptr);
  EXPECT_TRUE(body.repeatable());
  body.took(5);

  EXPECT_FALSE(body.repeatable());
  EXPECT_EQ(read_all(body, 100), ", world");
}

// Of a body that does not fit into memory nothing is lost by that.
TEST_F(ReplayBodyTest, LeavesToTheKernelOnlyWhatItCouldNotRepeat) {
  base::VirtualClock clock;
  net::Wheel wheel(clock.steady());
  auto ends = test::MemoryStream::pair(wheel, 1024);
  auto with_room_for = [&](std::size_t limit) {
    auto source = make_body<Overwriting>(arena, "hello, world");
    static_cast<Overwriting*>(source.get())->transport = ends.first.get();
    return ReplayBody(std::move(source), arena, limit);
  };

  EXPECT_EQ(with_room_for(12).verbatim_source(), nullptr);
  EXPECT_EQ(with_room_for(11).verbatim_source(), ends.first.get());
  EXPECT_EQ(with_room_for(0).verbatim_source(), ends.first.get());
}

// Chunks the first time, so chunks again, although the length is known by then.
TEST_F(ReplayBodyTest, HasNoLengthWhereItHadNone) {
  struct Unmeasured final : Body {
    base::Task<base::Result<Piece>> read(std::size_t at_most) override { return text.read(at_most); }
    std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
    void abandon() noexcept override {}
    TextBody text{"hello"};
  };
  ReplayBody body(make_body<Unmeasured>(arena), arena, 100);

  EXPECT_EQ(read_all(body), "hello");
  body.rewind();

  EXPECT_TRUE(body.repeatable());
  EXPECT_EQ(body.length(), std::nullopt);
  EXPECT_EQ(read_all(body), "hello");
}

// A client may send a byte at a time, each of which takes more room than its byte.
TEST_F(ReplayBodyTest, CountsWhatManySmallPiecesTake) {
  std::string text(4000, 'x');
  ReplayBody small = over(text, 8000), large = over(text, 8000);

  EXPECT_EQ(read_all(large, 4000), text);
  EXPECT_EQ(read_all(small, 1), text);

  EXPECT_TRUE(large.repeatable());
  EXPECT_FALSE(small.repeatable());
}

TEST_F(ReplayBodyTest, RepeatsAnEmptyBody) {
  ReplayBody body = over("", 8);

  EXPECT_EQ(read_all(body), "");
  body.rewind();
  EXPECT_EQ(read_all(body), "");
}

}  // namespace
}  // namespace sluice::http::replay_body_test
