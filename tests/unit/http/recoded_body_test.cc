// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/recoded_body.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "tests/support/slow_body.h"

namespace sluice::http::recoded_body_test {
namespace {

using testing::Each;
using testing::ElementsAre;
using testing::SizeIs;

// Writes every letter twice; holds back all but what is more than `keeps` of them. "!" is an error; "." marks
// a flush.
class Twice final : public RecodedBody {
 public:
  Twice(BodyPtr source, net::Loop& loop, base::Arena& arena, bool flushes, std::size_t keeps = 0)
      : RecodedBody(std::move(source), loop, arena, flushes), keeps_(keeps) {}

 private:
  base::Result<Encoder::Progress> recode(std::span<const char> in, std::span<char> out, Push push) override {
    for (char c : in) {
      if (c == '!') return base::fail(base::Reason::validation);
      held_.append(2, c);
    }
    if (push == Push::flush && !in.empty()) return base::fail(base::Reason::internal);
    std::size_t keep = push == Push::none ? keeps_ : 0;
    std::size_t n = std::min(out.size(), held_.size() - std::min(held_.size(), keep));
    std::copy_n(held_.data(), n, out.data());
    held_.erase(0, n);
    return Encoder::Progress{in.size(), n, held_.size() <= keep};
  }
  std::string held_;
  std::size_t keeps_;
};

struct RecodedBodyTest : testing::Test {
  Twice over(std::vector<std::string> pieces, bool flushes = false, std::size_t keeps = 0) {
    auto body = make_body<test::SlowBody>(arena, loop, std::move(pieces), &trailers);
    source = static_cast<test::SlowBody*>(body.get());
    return Twice(std::move(body), loop, arena, flushes, keeps);
  }
  base::VirtualClock clock;
  net::Loop loop{clock};
  base::Arena arena;
  Fields trailers{arena};
  test::SlowBody* source = nullptr;
};

TEST_F(RecodedBodyTest, GivesWhatBecomesOfEachPiece) {
  auto body = over({"ab", "", "c", "|d", "|"});
  EXPECT_EQ(body.length(), std::nullopt);
  auto whole = test::read_all(loop, body);

  EXPECT_TRUE(whole.ended);
  EXPECT_EQ(whole.text(), "aabbccdd");
  EXPECT_EQ(whole.trailers, &trailers);
}

TEST_F(RecodedBodyTest, SaysNothingInTrailersOfBytesThatAreGone) {
  trailers.add("Content-Digest", "sha-256=:AA==:");
  trailers.add("ETag", "\"a\"");
  auto body = over({"ab", "|"});
  auto whole = test::read_all(loop, body);

  ASSERT_NE(whole.trailers, nullptr);
  EXPECT_EQ(whole.trailers->find("Content-Digest"), nullptr);
  EXPECT_EQ(whole.trailers->value(FieldId::etag), "W/\"a\"");
}

TEST_F(RecodedBodyTest, GivesNoMoreAtOnceThanIsAskedFor) {
  auto body = over({std::string(20'000, 'x'), "y"});
  auto whole = test::read_all(loop, body, 7);

  EXPECT_EQ(whole.text(), std::string(40'000, 'x') + "yy");
  EXPECT_THAT(whole.pieces, Each(SizeIs(testing::Le(7U))));
}

TEST_F(RecodedBodyTest, HoldsNothingBackWhileTheSourcePauses) {
  auto flushing = over({"a", "b", "|c", "|d"}, true, 100);
  EXPECT_THAT(test::read_all(loop, flushing).pieces, ElementsAre("aabb", "cc", "dd"));

  auto holding = over({"a", "b", "|c", "|d"}, false, 100);
  EXPECT_THAT(test::read_all(loop, holding).pieces, ElementsAre("aabbccdd"));
}

TEST_F(RecodedBodyTest, GivesAFlushInPieces) {
  auto body = over({"abc", "|d"}, true, 100);
  EXPECT_THAT(test::read_all(loop, body, 4).pieces, ElementsAre("aabb", "cc", "dd"));
}

TEST_F(RecodedBodyTest, JoinsWhatIsLittleAndThereAlready) {
  auto body = over({"a", "b", std::string(300, 'c'), "d", "|e", "f"});
  EXPECT_THAT(test::read_all(loop, body, 5000).pieces,
              ElementsAre("aabb" + std::string(600, 'c'), "dd", "eeff"));
}

TEST_F(RecodedBodyTest, GivesWayWhereMuchIsReadForNothing) {
  auto body = over(std::vector<std::string>(20, "x"), true, 1000);
  auto reading = body.read(100);

  EXPECT_FALSE(reading.await_ready());
}

TEST_F(RecodedBodyTest, EndsWithTheErrorOfItsSource) {
  auto body = over({"a", "<error>"});
  auto whole = test::read_all(loop, body);
  EXPECT_EQ(whole.error, base::Reason::upstream_reset);
  EXPECT_EQ(whole.text(), "aa");

  auto later = over({"a", "|<error>"});
  EXPECT_EQ(test::read_all(loop, later).error, base::Reason::upstream_reset);
}

TEST_F(RecodedBodyTest, AbandonsASourceThatIsOfNoUse) {
  auto body = over({"a", "b!", "c"});
  EXPECT_EQ(test::read_all(loop, body).error, base::Reason::validation);
  EXPECT_TRUE(source->abandoned);
}

TEST_F(RecodedBodyTest, EndsWithItsReader) {
  auto body = over({"a", "|b"});
  test::WholeBody whole;
  base::Scope scope;
  base::Job<void> job(&scope);
  job.start(test::collect(body, 100, whole));
  scope.cancel(base::Reason::client_closed);
  base::run_ready();
  EXPECT_EQ(whole.error, base::Reason::client_closed);
}

}  // namespace
}  // namespace sluice::http::recoded_body_test
