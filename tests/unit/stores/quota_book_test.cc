// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_book.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace sluice::stores::quota_book_test {
namespace {

using namespace std::chrono_literals;
using base::WallTime;

constexpr WallTime kNoon{1'800'000'000s};

QuotaWant want(std::string_view key, std::uint64_t per_day, std::uint64_t per_month, std::int64_t cost = 1) {
  QuotaWant out;
  auto add = [&](CalendarUnit unit, std::uint64_t count, std::int64_t number, base::Duration left) {
    if (!count) return;
    out.quotas[out.size] = {unit, count};
    out.periods[out.size++] = {number, kNoon - 1h, kNoon + left};
  };
  add(CalendarUnit::day, per_day, 20'000, 12h);
  add(CalendarUnit::month, per_month, 660, 240h);
  out.now = out.charged = kNoon;
  out.owner = "plan";
  out.key = key;
  out.cost = cost;
  return out;
}

std::uint64_t nanoseconds(base::Duration d) { return static_cast<std::uint64_t>(d.count()); }

TEST(QuotaBook, RefusesWhatGoesBeyondUntilThePeriodEnds) {
  QuotaBook book;
  EXPECT_TRUE(book.spend_now(want("a", 2, 0)).allowed);
  EXPECT_EQ(book.spend_now(want("a", 2, 0)).remaining, 0u);
  auto refused = book.spend_now(want("a", 2, 0));
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.wait, nanoseconds(12h));
  EXPECT_TRUE(book.spend_now(want("b", 2, 0)).allowed);

  auto tomorrow = want("a", 2, 0);
  ++tomorrow.periods[0].number;
  EXPECT_TRUE(book.spend_now(tomorrow).allowed);
}

TEST(QuotaBook, ChargesAllQuotasOrNone) {
  QuotaBook book;
  EXPECT_TRUE(book.spend_now(want("a", 10, 2)).allowed);
  EXPECT_TRUE(book.spend_now(want("a", 10, 2)).allowed);
  auto refused = book.spend_now(want("a", 10, 2));
  EXPECT_FALSE(refused.allowed);
  EXPECT_EQ(refused.tightest, 1);
  EXPECT_EQ(refused.wait, nanoseconds(240h));
  EXPECT_EQ(book.spend_now(want("a", 10, 0, 0)).remaining, 8u);
}

TEST(QuotaBook, ReportsOfSeveralThatRefuseTheOneThatDoesSoLongest) {
  QuotaBook book;
  book.spend_now(want("a", 1, 1));
  EXPECT_EQ(book.spend_now(want("a", 1, 1)).tightest, 1);
}

TEST(QuotaBook, CorrectsWhatARequestCost) {
  QuotaBook book;
  book.spend_now(want("a", 10, 0));
  auto more = want("a", 10, 0, 20);
  more.anyway = true;
  EXPECT_TRUE(book.spend_now(more).allowed);
  EXPECT_FALSE(book.spend_now(want("a", 10, 0)).allowed);
  more.cost = -12;
  EXPECT_EQ(book.spend_now(more).remaining, 1u);
}

TEST(QuotaBook, GivesBackToNoPeriodThatBeganAfterTheCharge) {
  QuotaBook book;
  for (int i = 0; i < 5; ++i) book.spend_now(want("a", 10, 100));
  auto less = want("a", 10, 100, -3);
  less.anyway = true;
  less.periods[1].begin = kNoon - 240h;
  less.charged = kNoon - 2h;  // yesterday

  EXPECT_EQ(book.spend_now(less).remaining, 5u);
  EXPECT_EQ(book.spend_now(want("a", 0, 100, 0)).remaining, 98u);
}

TEST(QuotaBook, LooksWithoutCounting) {
  QuotaBook book;
  EXPECT_EQ(book.spend_now(want("a", 5, 0, 0)).remaining, 5u);
  EXPECT_EQ(book.size(), 0u);
  EXPECT_TRUE(book.changed().empty());
}

TEST(QuotaBook, TellsOnceWhatHasChanged) {
  QuotaBook book;
  book.spend_now(want("a", 5, 0));
  book.spend_now(want("a", 5, 0));
  auto changed = book.changed();
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].owner, "plan");
  EXPECT_EQ(changed[0].key, "a");
  EXPECT_EQ(changed[0].states[0].last.used, 2u);
  EXPECT_TRUE(book.changed().empty());
}

TEST(QuotaBook, DoesNotShowWhatIsConfidential) {
  QuotaBook book;
  auto secret = want("header.x-api-key=s3cret", 5, 0);
  secret.confidential = true;
  book.spend_now(secret);
  EXPECT_THAT(book.all().at(0).key, testing::Not(testing::HasSubstr("s3cret")));
}

TEST(QuotaBook, ListsTheCallersOfAPolicy) {
  QuotaBook book;
  for (const char* key : {"c", "a", "b"}) book.spend_now(want(key, 5, 0));
  auto other = want("z", 5, 0);
  other.owner = "plan2";
  book.spend_now(other);
  auto all = book.of("plan", "", 2);
  ASSERT_EQ(all.size(), 2u);
  EXPECT_EQ(all[0].key, "a");
  EXPECT_EQ(all[1].key, "b");
  EXPECT_EQ(book.of("plan", "c", 10).size(), 1u);
}

TEST(QuotaBook, LetsNewKeysPassUncountedWhenItIsFull) {
  QuotaBook book(2);
  book.spend_now(want("a", 1, 0));
  book.spend_now(want("b", 1, 0));
  EXPECT_TRUE(book.spend_now(want("c", 1, 0)).allowed);
  EXPECT_TRUE(book.spend_now(want("c", 1, 0)).allowed);
  EXPECT_FALSE(book.spend_now(want("a", 1, 0)).allowed);
  EXPECT_EQ(book.uncounted(), 2u);
}

TEST(QuotaBook, MakesRoomOnlyWhenItIsNeeded) {
  QuotaBook book(4);
  book.spend_now(want("a", 5, 0));
  book.changed();
  book.make_room({20'001, 661});
  EXPECT_EQ(book.size(), 1u);
  for (const char* key : {"b", "c"}) book.spend_now(want(key, 5, 0));
  book.changed();
  book.make_room({20'000, 660});
  EXPECT_EQ(book.size(), 3u);
  book.make_room({20'001, 661});
  EXPECT_EQ(book.size(), 0u);
}

TEST(QuotaBook, ForgetsAllOfThemIfToldSo) {
  QuotaBook book(2);
  for (const char* key : {"a", "b", "c"}) book.spend_now(want(key, 5, 0));
  ASSERT_EQ(book.uncounted(), 1u);

  book.clear();

  EXPECT_EQ(book.size(), 0u);
  EXPECT_THAT(book.changed(), testing::IsEmpty());
  EXPECT_EQ(book.spend_now(want("a", 5, 0)).remaining, 4u);
  book.spend_now(want("c", 5, 0));
  EXPECT_EQ(book.uncounted(), 1u) << "there is room again";
}

TEST(QuotaBook, CountsExactlyForSeveralThreads) {
  QuotaBook book;
  std::atomic<int> passed{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      for (int i = 0; i < 500; ++i) passed += book.spend_now(want("a", 777, 0)).allowed;
    });
  for (auto& t : threads) t.join();
  EXPECT_EQ(passed, 777);
}

}  // namespace
}  // namespace sluice::stores::quota_book_test
