// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/caching.h"

#include <gtest/gtest.h>

namespace sluice::compose::caching_test {
namespace {

using http::FieldId;

struct Answer {
  std::string_view cache_control, age = {}, expires = {}, date = {};
};

std::string together(std::vector<Answer> answers, bool is_private = false) {
  base::Arena arena;
  Freshness freshness;
  for (const Answer& a : answers) {
    http::Fields fields(arena);
    if (!a.cache_control.empty()) fields.add(FieldId::cache_control, a.cache_control);
    if (!a.age.empty()) fields.add(FieldId::age, a.age);
    if (!a.expires.empty()) fields.add("Expires", a.expires);
    if (!a.date.empty()) fields.add(FieldId::date, a.date);
    freshness.add(fields, base::WallTime());
  }
  if (is_private) freshness.make_private();
  return std::string(freshness.text(arena));
}

TEST(Freshness, IsTheShortestOfAll) {
  EXPECT_EQ(together({{"max-age=60"}, {"max-age=30"}}), "max-age=30");
  EXPECT_EQ(together({{"max-age=60", "50"}, {"max-age=30"}}), "max-age=10");
  EXPECT_EQ(together({{"max-age=60", "100"}}), "max-age=0");
}

TEST(Freshness, IsPublicOnlyIfAllAre) {
  EXPECT_EQ(together({{"public, max-age=60"}, {"Public, Max-Age=\"30\""}}), "public, max-age=30");
  EXPECT_EQ(together({{"public, max-age=60"}, {"max-age=30"}}), "max-age=30");
  EXPECT_EQ(together({{"public, max-age=60"}, {"private, max-age=90"}}), "private, max-age=60");
  EXPECT_EQ(together({{"public, max-age=60"}}, true), "private, max-age=60");
}

TEST(Freshness, KeepsTheTimeOfCachesThatManyUse) {
  EXPECT_EQ(together({{"public, s-maxage=0, max-age=3600"}}), "public, max-age=3600, s-maxage=0");
  EXPECT_EQ(together({{"public, s-maxage=90, max-age=20"}, {"public, max-age=60"}}),
            "public, max-age=20, s-maxage=60");
  EXPECT_EQ(together({{"public, s-maxage=90, max-age=120", "80"}, {"public, max-age=60"}}),
            "public, max-age=40, s-maxage=10");
}

// Nor is it opened by s-maxage to those to whom a part is closed.
TEST(Freshness, IsTheShorterTimeForAllIfOneIsNotPublic) {
  EXPECT_EQ(together({{"public, s-maxage=5, max-age=60"}, {"max-age=30"}}), "max-age=5");
  EXPECT_EQ(together({{"s-maxage=90, max-age=60"}}), "max-age=60");
  EXPECT_EQ(together({{"public, s-maxage=0, max-age=60"}}, true), "private, max-age=60");
}

TEST(Freshness, IsNoneIfOneHasNone) {
  EXPECT_EQ(together({{"no-store"}, {"max-age=60"}}), "no-store");
  EXPECT_EQ(together({{"no-cache"}, {"private, max-age=60"}}), "private, no-cache");
  EXPECT_EQ(together({{""}, {"public, max-age=60"}}), "no-cache");
  EXPECT_EQ(together({{"max-age=x"}}), "max-age=0");
}

TEST(Freshness, SaysNothingIfNobodySaysAnything) { EXPECT_EQ(together({{""}, {""}}), ""); }

TEST(Freshness, ReadsExpires) {
  EXPECT_EQ(together({{"", "", "Thu, 01 Jan 1970 00:02:00 GMT", "Thu, 01 Jan 1970 00:01:00 GMT"}}),
            "max-age=60");
  EXPECT_EQ(together({{"", "", "Thu, 01 Jan 1970 00:02:00 GMT"}}), "max-age=120");
  EXPECT_EQ(together({{"", "", "0"}}), "max-age=0");
}

}  // namespace
}  // namespace sluice::compose::caching_test
