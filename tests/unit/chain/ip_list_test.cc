// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/ip_list.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

namespace sluice::chain::ip_list_test {
namespace {

using testing::HasSubstr;

net::Address ip(std::string_view text) { return *net::Address::parse(text, 1); }

TEST(IpList, ReadsLinesWithComments) {
  auto set = parse_ip_list("# blocked\n\n10.0.0.0/8  # inside\r\n  192.0.2.7\n2001:db8::/32");
  ASSERT_TRUE(set);
  IpList list(*set, 1);
  EXPECT_TRUE(list.contains(ip("10.1.1.1"), 0));
  EXPECT_TRUE(list.contains(ip("192.0.2.7"), 0));
  EXPECT_TRUE(list.contains(ip("2001:db8::1"), 0));
  EXPECT_FALSE(list.contains(ip("192.0.2.8"), 0));
  EXPECT_TRUE(parse_ip_list("").has_value());
}

TEST(IpList, NamesTheLineThatIsWrong) {
  auto set = parse_ip_list("10.0.0.0/8\n10.0.0.1/8\n");
  ASSERT_FALSE(set);
  EXPECT_THAT(set.error().detail, HasSubstr("line 2: expected"));
  EXPECT_THAT(set.error().detail, HasSubstr("did you mean 10.0.0.0/8?"));
  EXPECT_THAT(parse_ip_list("example.com").error().detail, HasSubstr("line 1"));
}

TEST(IpList, IsReplacedForEveryWorkerWhileItIsAsked) {
  IpList list(*parse_ip_list("10.0.0.0/8"), 2);
  std::vector<std::thread> workers;
  for (unsigned w = 0; w < 2; ++w)
    workers.emplace_back([&list, w] {
      while (list.contains(ip("10.0.0.1"), w)) std::this_thread::yield();
      EXPECT_TRUE(list.contains(ip("192.0.2.1"), w));
    });
  list.replace(*parse_ip_list("10.0.0.0/8\n192.0.2.0/24"));
  list.replace(*parse_ip_list("192.0.2.0/24"));
  for (auto& w : workers) w.join();
}

}  // namespace
}  // namespace sluice::chain::ip_list_test
