// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/url.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

namespace sluice::upstream::url_test {
namespace {

std::string read(std::string_view text) {
  TargetUrl url;
  auto refusal = parse(text, url);
  return refusal ? "refused: " + refusal->message : url.text();
}

struct Case {
  const char* written;
  const char* result;
};

class GoodUrl : public testing::TestWithParam<Case> {};

TEST_P(GoodUrl, IsReadIntoItsCanonicalForm) {
  EXPECT_EQ(read(GetParam().written), GetParam().result);
  EXPECT_EQ(read(GetParam().result), GetParam().result);
}

INSTANTIATE_TEST_SUITE_P(
    Urls, GoodUrl,
    testing::Values(Case{"http://orders:8080", "http://orders:8080"},
                    Case{"http://orders", "http://orders:80"}, Case{"https://orders", "https://orders:443"},
                    Case{"HTTPS://orders:8443", "https://orders:8443"},
                    Case{"HTTP://Orders-1.Example.COM:1", "http://orders-1.example.com:1"},
                    Case{"http://my_service:65535", "http://my_service:65535"},
                    Case{"http://orders.default.svc.:80", "http://orders.default.svc.:80"},
                    Case{"http://10.0.0.1", "http://10.0.0.1:80"},
                    Case{"http://[::1]:8080", "http://[::1]:8080"},
                    Case{"http://[2001:DB8:0:0::1]", "http://[2001:db8::1]:80"},
                    Case{"http://1and1.example", "http://1and1.example:80"},
                    Case{"http://node1", "http://node1:80"}, Case{"dns+http://orders", "http://orders:80"},
                    Case{"SRV+http://_http._tcp.orders.example", "srv+http://_http._tcp.orders.example"},
                    Case{"srv+https://orders", "srv+https://orders"},
                    Case{"unix:/run/orders.sock", "unix:/run/orders.sock"},
                    Case{"UNIX:///run/Orders.sock", "unix:/run/Orders.sock"}));

class BadUrl : public testing::TestWithParam<Case> {};

TEST_P(BadUrl, IsRefusedWithTheReason) {
  EXPECT_THAT(read(GetParam().written), testing::StartsWith(std::string("refused: ") + GetParam().result));
}

INSTANTIATE_TEST_SUITE_P(
    Urls, BadUrl,
    testing::Values(
        Case{"", ""}, Case{"orders:8080", "it has no scheme"}, Case{"orders", "it has no scheme"},
        Case{"httpx://orders",
             "the schemes known here are http, https, dns+http, dns+https, srv+http, srv+https and unix"},
        Case{"dns+unix:/run/x", "it has no scheme"}, Case{"dns+ftp://orders", "the schemes known here are"},
        Case{"srv+http://_http._tcp.orders:80", "behind srv+ stands the name of a service"},
        Case{"srv+http://10.0.0.1", "behind srv+ stands the name of a service"},
        Case{"://orders",
             "the schemes known here are http, https, dns+http, dns+https, srv+http, srv+https and unix"},
        Case{"unix:run/x", "the path of a Unix socket must begin with /"},
        Case{"unix:", "the path of a Unix socket must begin with /"}, Case{"http://", "it has no host"},
        Case{"http://:80", "the host is empty"}, Case{"http://orders/", "it must not have a path"},
        Case{"http://orders:8080/v1", "it must not have a path"},
        Case{"http:///v1", "it must not have a path"}, Case{"http://orders?x=1", "it must not have a query"},
        Case{"http://orders#top", "it must not have a fragment"},
        Case{"http://user:pw@orders", "it must not hold a user or a password"},
        Case{"http://orders:0", "the port of the host is not a number from 1 to 65535"},
        Case{"http://orders:65536", "the port of the host is not a number from 1 to 65535"},
        Case{"http://orders:", "the port of the host is not a number from 1 to 65535"},
        Case{"http://orders:http", "the port of the host is not a number from 1 to 65535"},
        Case{"http://a b", "the host is not a valid name or address"},
        Case{"http://a..b", "the host is not a valid name or address"},
        Case{"http://[::1", "the host is not a valid IPv6 literal"},
        Case{"http://[orders]", "the host is not a valid IPv6 literal"},
        Case{"http://10.1", "the host is neither a name nor a complete IP address"},
        Case{"http://10.0.0.256", "the host is neither a name nor a complete IP address"},
        Case{"http://127.0.0.0x1", "the host is neither a name nor a complete IP address"},
        Case{"http://2130706433", "the host is neither a name nor a complete IP address"}));

TEST(TargetUrl, NeverRepeatsItsTextInAComplaint) {
  TargetUrl url;
  for (const char* text : {"httpx://s3cr3t", "http://s3cr3t/x", "s3cr3t", "http://s3cr3t:0",
                           "http://u:s3cr3t@h", "http://s3cr3t..x", "s3cr3t://x"}) {
    auto refusal = parse(text, url);

    ASSERT_TRUE(refusal) << text;
    EXPECT_THAT(refusal->message + refusal->hint, testing::Not(testing::HasSubstr("s3cr3t"))) << text;
  }
}

TEST(TargetUrl, LeavesThePortOutOfAHostFieldWhereItIsImplied) {
  EXPECT_EQ((TargetUrl{"orders", 80}).host_field(), "orders");
  EXPECT_EQ((TargetUrl{"orders", 8080}).host_field(), "orders:8080");
  EXPECT_EQ((TargetUrl{"::1", 80}).host_field(), "[::1]");
  EXPECT_EQ((TargetUrl{"::1", 81}).host_field(), "[::1]:81");
  EXPECT_EQ((TargetUrl{.host = "orders", .port = 443, .tls = true}).host_field(), "orders");
  EXPECT_EQ((TargetUrl{.host = "orders", .port = 80, .tls = true}).host_field(), "orders:80");
}

TEST(TargetUrl, AlwaysShowsThePortInLogs) {
  EXPECT_EQ((TargetUrl{"orders", 80}).authority(), "orders:80");
  EXPECT_EQ((TargetUrl{"::1", 80}).authority(), "[::1]:80");
}

}  // namespace
}  // namespace sluice::upstream::url_test
