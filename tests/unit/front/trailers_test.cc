// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/trailers.h"

#include <gtest/gtest.h>

namespace sluice::front::trailers_test {
namespace {

// One piece with these trailers.
class Last final : public http::Body {
 public:
  explicit Last(const http::Fields& trailers) noexcept : trailers_(&trailers) {}
  base::Task<base::Result<http::Piece>> read(std::size_t) override {
    return base::Result<http::Piece>(http::Piece{{"a", 1}, true, trailers_});
  }
  std::optional<std::uint64_t> length() const noexcept override { return std::nullopt; }
  void abandon() noexcept override { abandoned = true; }
  bool abandoned = false;

 private:
  const http::Fields* trailers_;
};

struct WithoutIdentityTest : testing::Test {
  WithoutIdentityTest() {
    identity.tells_identity("X-Consumer");
    identity.settle();
  }
  std::string names_after() {
    WithoutIdentity body(http::make_body<Last>(arena, trailers), identity, arena);
    auto reading = body.read(100);
    EXPECT_TRUE(reading.await_ready());
    auto piece = reading.await_resume();
    if (!piece || !piece->trailers) return "no trailers";
    EXPECT_TRUE(piece->last);
    std::string out;
    for (const auto& line : piece->trailers->lines())
      if (!line.dropped) out.append(line.name).append(" ");
    return out;
  }
  base::Arena arena;
  http::Fields trailers{arena};
  chain::IdentityFields identity;
};

TEST_F(WithoutIdentityTest, TakesTheConfiguredFieldsInEitherSpelling) {
  for (const char* name : {"X-Sum", "x-consumer", "X_Consumer", "x_sum"}) trailers.add(name, "1");
  trailers.lines()[3].dropped = true;

  EXPECT_EQ(names_after(), "X-Sum ");
}

TEST_F(WithoutIdentityTest, LeavesTheOthers) {
  trailers.add("X-Sum", "1");
  trailers.add("x_sum", "1");

  EXPECT_EQ(names_after(), "X-Sum x_sum ");
}

TEST_F(WithoutIdentityTest, IsOtherwiseTheBodyBelow) {
  auto source = http::make_body<Last>(arena, trailers);
  auto* below = static_cast<Last*>(source.get());
  WithoutIdentity body(std::move(source), identity, arena);

  EXPECT_EQ(body.length(), std::nullopt);
  body.abandon();
  EXPECT_TRUE(below->abandoned);
}

}  // namespace
}  // namespace sluice::front::trailers_test
