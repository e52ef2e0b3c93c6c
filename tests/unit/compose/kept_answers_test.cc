// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/kept_answers.h"

#include <gtest/gtest.h>

#include "gateway/json/scan.h"

namespace sluice::compose::kept_answers_test {
namespace {

using namespace std::chrono_literals;

const base::SteadyTime kNow{1h};

std::shared_ptr<const KeptAnswer> answer(std::string value, base::Duration time = 10s) {
  auto out = std::make_shared<KeptAnswer>();
  out->bytes = std::move(value) + std::string(json::kPadding, '\0');
  out->came = kNow;
  out->until = kNow + time;
  return out;
}

std::string found(KeptAnswers& kept, std::string_view key, base::SteadyTime now = kNow) {
  auto a = kept.find(key, now);
  return a ? std::string(a->value()) : "-";
}

TEST(KeptAnswers, GivesWhatWasPutByItsWholeKey) {
  KeptAnswers kept(1 << 20);
  kept.put("/a\nauthorization:ann", answer("1"));
  kept.put("/a\nauthorization:bob", answer("2"));

  EXPECT_EQ(found(kept, "/a\nauthorization:ann"), "1");
  EXPECT_EQ(found(kept, "/a\nauthorization:bob"), "2");
  EXPECT_EQ(found(kept, "/a"), "-");
  kept.put("/a\nauthorization:bob", answer("3"));
  EXPECT_EQ(found(kept, "/a\nauthorization:bob"), "3");
}

TEST(KeptAnswers, ForgetsWhenTheTimeIsOver) {
  KeptAnswers kept(1 << 20);
  kept.put("a", answer("1"));

  EXPECT_EQ(found(kept, "a", kNow + 9'999ms), "1");
  EXPECT_EQ(found(kept, "a", kNow + 10s), "-");
  EXPECT_EQ(kept.bytes(), 0u);
}

TEST(KeptAnswers, GivesUpWhatWasNotUsedForLongest) {
  KeptAnswers kept(10'000);
  for (std::string key : {"a", "b", "c"}) kept.put(key, answer(std::string(1000, '1')));
  EXPECT_NE(found(kept, "a"), "-");

  for (std::string key : {"d", "e"}) kept.put(key, answer(std::string(1000, '1')));

  EXPECT_EQ(found(kept, "b"), "-");
  EXPECT_NE(found(kept, "a"), "-");
  EXPECT_LE(kept.bytes(), 10'000u);
}

TEST(KeptAnswers, KeepsNothingThatIsTooLarge) {
  KeptAnswers kept(10'000);
  kept.put("small", answer("1"));
  kept.put("large", answer(std::string(3000, '1')));

  EXPECT_EQ(found(kept, "large"), "-");
  EXPECT_EQ(found(kept, "small"), "1");
}

TEST(KeptAnswers, StaysWithItsHolderWhenItIsForgotten) {
  KeptAnswers kept(1 << 20);
  kept.put("a", answer("1"));
  auto held = kept.find("a", kNow);

  kept.put("a", answer("2"));

  EXPECT_EQ(held->value(), "1");
}

base::Duration time_of(std::initializer_list<std::pair<std::string_view, std::string_view>> lines,
                       int status = 200) {
  base::Arena arena;
  http::Fields fields(arena);
  for (auto [name, value] : lines) fields.add(name, value);
  return may_be_kept(status, fields, base::WallTime(), 30s);
}

TEST(MayBeKept, IsAsLongAsConfiguredOrAsTheAnswerSays) {
  EXPECT_EQ(time_of({}), 30s);
  EXPECT_EQ(time_of({{"Cache-Control", "max-age=60"}}), 30s);
  EXPECT_EQ(time_of({{"Cache-Control", "max-age=20"}, {"Age", "5"}}), 15s);
  EXPECT_EQ(time_of({{"Cache-Control", "max-age=20, s-maxage=3"}}), 3s);
  EXPECT_EQ(time_of({{"Cache-Control", "s-maxage=3"}}), 3s);
  EXPECT_EQ(time_of({{"Expires", "0"}}), 0s);
}

TEST(MayBeKept, IsNotAtAllForWhatIsNotForMany) {
  for (std::string_view no : {"no-store", "private", "no-cache", "public, private", "max-age=0"})
    EXPECT_EQ(time_of({{"Cache-Control", no}}), 0s) << no;
  EXPECT_EQ(time_of({{"Set-Cookie", "a=b"}}), 0s);
  EXPECT_EQ(time_of({}, 201), 0s);
  EXPECT_EQ(time_of({}, 404), 0s);
}

TEST(MayBeKept, IsNotForWhatDependsOnWhatTheGatewayAdds) {
  EXPECT_EQ(time_of({{"Vary", "Accept, Cookie"}}), 30s);
  for (std::string_view no : {"*", "Accept, X-Forwarded-For", "via", "X-Request-ID"})
    EXPECT_EQ(time_of({{"Vary", no}}), 0s) << no;
}

}  // namespace
}  // namespace sluice::compose::kept_answers_test
