// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/set_cookie.h"

#include <gtest/gtest.h>

namespace sluice::http::set_cookie_test {
namespace {

TEST(SetCookie, SaysWhatBrowsersAreToDoWithIt) {
  EXPECT_EQ(text(CookieAttributes{}), "; Path=/; HttpOnly; Secure; SameSite=Lax");

  CookieAttributes all{.path = "/shop",
                       .domain = "example.com",
                       .age = std::chrono::hours(1),
                       .secure = false,
                       .same_site = SameSite::strict};
  EXPECT_EQ(text(all), "; Path=/shop; Domain=example.com; Max-Age=3600; HttpOnly; SameSite=Strict");
  all.same_site = SameSite::none;
  EXPECT_TRUE(text(all).ends_with("; SameSite=None"));
}

TEST(SetCookie, KnowsTheNamesThatBrowsersAreStrictWith) {
  EXPECT_TRUE(asks_for_secure("__Host-a"));
  EXPECT_TRUE(asks_for_secure("__Secure-a"));
  EXPECT_FALSE(asks_for_secure("a__Secure-"));
  EXPECT_TRUE(asks_for_host("__Host-a"));
  EXPECT_FALSE(asks_for_host("__Secure-a"));
}

}  // namespace
}  // namespace sluice::http::set_cookie_test
