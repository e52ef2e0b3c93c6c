// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/error.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

#include "gateway/base/result.h"

namespace sluice::base::error_test {
namespace {

TEST(Error, FindsTheRowOfEveryReason) {
  for (const auto& r : reason_rows()) EXPECT_EQ(&row(r.reason), &r) << r.name;
  EXPECT_EQ(row(Reason::no_route).name, "no_route");
  EXPECT_EQ(row(Reason::timeout_total).name, "timeout_total");
}

TEST(Error, HasARowForNoReasonThatIsNotListed) {
  EXPECT_EQ(row(Reason::none).status, 0);
  EXPECT_EQ(row(Reason::none).name, "");
  for (const auto& r : reason_rows()) EXPECT_NE(r.reason, Reason::none);
}

TEST(Error, GivesEveryReasonANameOfItsOwnAnErrorStatusAndItsTexts) {
  std::set<std::string_view> names;
  for (const auto& r : reason_rows()) {
    EXPECT_TRUE(names.insert(r.name).second) << r.name;
    EXPECT_TRUE(r.status >= 400 && r.status < 600) << r.name;
    EXPECT_FALSE(r.title.empty()) << r.name;
    EXPECT_TRUE(r.explanation.ends_with('.')) << r.name;
    EXPECT_TRUE(r.grpc >= 1 && r.grpc <= 16) << r.name;
  }
}

TEST(Error, BlamesTheClientFor4xxAndNeverRetriesWhatIsItsFault) {
  for (const auto& r : reason_rows()) {
    if (r.status >= 500 || r.reason == Reason::outrun) continue;  // no request ends so, only an attempt
    EXPECT_EQ(r.where, Where::downstream) << r.name;
    EXPECT_EQ(r.retry, Retry::never) << r.name;
  }
}

TEST(Error, TakesSideAndStatusFromItsReason) {
  Error e{Reason::upstream_connect_failed, "connect to 127.0.0.1:1: refused"};

  EXPECT_EQ(e.where(), Where::upstream);
  EXPECT_EQ(e.status(), 502);
  EXPECT_EQ(name(e.where()), "upstream");
}

TEST(Result, HoldsAValueOrTheErrorAndPassesTheErrorOn) {
  Result<int> good = 7;
  Result<int> bad = fail(Reason::bad_request, "no host");

  EXPECT_EQ(*good, 7);
  ASSERT_FALSE(bad);
  Result<std::string> other = std::move(bad).unexpected();
  EXPECT_EQ(other.error().reason, Reason::bad_request);
  EXPECT_EQ(other.error().detail, "no host");
}

TEST(Result, MovesAndCopiesAcrossValueAndError) {
  Result<std::string> a = std::string(100, 'x');
  Result<std::string> b = fail(Reason::internal, std::string(100, 'y'));
  auto copy = a;
  a = std::move(b);
  b = copy;

  EXPECT_EQ(a.error().detail, std::string(100, 'y'));
  EXPECT_EQ(*b, std::string(100, 'x'));
  EXPECT_EQ(*copy, *b);
}

TEST(ResultDeathTest, EndsTheProcessWhenAnErrorIsReadAsAValue) {
  Result<int> bad = fail(Reason::internal);

  EXPECT_DEATH((void)*bad, "");
}

}  // namespace
}  // namespace sluice::base::error_test
