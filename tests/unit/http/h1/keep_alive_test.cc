// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/keep_alive.h"

#include <gtest/gtest.h>

namespace sluice::http::h1::keep_alive_test {
namespace {

using namespace std::chrono_literals;

TEST(KeepAlive, GivesTheTimeThatTheServerAnnounces) {
  EXPECT_EQ(keep_alive_timeout("timeout=5"), 5s);
  EXPECT_EQ(keep_alive_timeout("timeout=5, max=100"), 5s);
  EXPECT_EQ(keep_alive_timeout("max=100,Timeout = 30"), 30s);
  EXPECT_EQ(keep_alive_timeout("timeout=\"7\""), 7s);
  EXPECT_EQ(keep_alive_timeout("timeout=0"), 0s);
}

TEST(KeepAlive, TakesNothingFromWhatItDoesNotUnderstand) {
  for (auto field : {"", "max=100", "timeout", "timeout=", "timeout=-1", "timeout=soon", "timeout=5s",
                     "timeout=\"", "notimeout=5", "timeout=99999999999999999999999"})
    EXPECT_EQ(keep_alive_timeout(field), std::nullopt) << field;
}

TEST(KeepAlive, DoesNotBelieveInMoreThanADay) {
  EXPECT_EQ(keep_alive_timeout("timeout=18446744073709551615"), 24h);
}

}  // namespace
}  // namespace sluice::http::h1::keep_alive_test
