// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/request_id.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>
#include <set>
#include <string>

#include "tests/support/fake_stream.h"

namespace sluice::chain::request_id_test {
namespace {

using namespace std::chrono_literals;

std::string uuid(base::WallTime now) {
  std::array<char, kUuidSize> text{};
  write_uuid(text, now);
  return {text.data(), text.size()};
}

TEST(RequestId, IsAUuidOfVersionSevenWithTheTimeInFront) {
  // RFC 9562, appendix A.6: 017F22E2-79B0-7... is 2022-02-22 19:22:22 UTC.
  std::string id = uuid(base::WallTime(1645557742000ms));

  EXPECT_THAT(id, testing::MatchesRegex("017f22e2-79b0-7[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"));
}

TEST(RequestId, SortsByTime) {
  base::WallTime now(1645557742000ms);

  EXPECT_LT(uuid(now), uuid(now + 1ms));
  EXPECT_LT(uuid(now + 1ms), uuid(now + 1h));
}

TEST(RequestId, NeverComesTwice) {
  std::set<std::string> all;
  for (int i = 0; i < 20000; ++i) all.insert(uuid(base::WallTime(1s)));

  EXPECT_EQ(all.size(), 20000U);
}

TEST(RequestId, UsesEveryRandomBit) {
  std::string ones(kUuidSize, 0), zeros(kUuidSize, 0);
  for (int i = 0; i < 1000; ++i) {
    std::string id = uuid(base::WallTime(0s));
    auto value = [](char c) { return c <= '9' ? c - '0' : c - 'a' + 10; };
    for (std::size_t k = 15; k < kUuidSize; ++k) {
      if (id[k] == '-') continue;
      ones[k] = static_cast<char>(ones[k] | value(id[k]));
      zeros[k] = static_cast<char>(zeros[k] | (~value(id[k]) & 15));
    }
  }

  for (std::size_t k = 15; k < kUuidSize; ++k) {
    if (k == 18 || k == 23) continue;
    EXPECT_EQ(ones[k], k == 19 ? 11 : 15) << k;
    EXPECT_EQ(zeros[k], k == 19 ? 7 : 15) << k;
  }
}

TEST(RequestId, IsMadeOnceForAnExchange) {
  test::FakeExchange fake;

  std::string_view first = request_id(fake.ex);

  EXPECT_EQ(first.size(), kUuidSize);
  EXPECT_EQ(request_id(fake.ex).data(), first.data());
  EXPECT_EQ(fake.ex.request_id, first);
}

TEST(RequestId, StaysWhatItIs) {
  test::FakeExchange fake;
  fake.ex.request_id = "mine";

  EXPECT_EQ(request_id(fake.ex), "mine");
}

TEST(RequestId, MayHaveLettersDigitsAndAFewMarks) {
  EXPECT_TRUE(valid_request_id("0b5c-._~+/=:@Z"));
  EXPECT_TRUE(valid_request_id(std::string(kMaxRequestId, 'a')));
  EXPECT_FALSE(valid_request_id(""));
  EXPECT_FALSE(valid_request_id(std::string(kMaxRequestId + 1, 'a')));
  for (char c : std::string_view(" \"\\\r\n\t;,<>{}$%&'()*?#[]^`|!\x7F\xC3\0", 30))
    EXPECT_FALSE(valid_request_id(std::string("a") + c)) << c;
}

}  // namespace
}  // namespace sluice::chain::request_id_test
