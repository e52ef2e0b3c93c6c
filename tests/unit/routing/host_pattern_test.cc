// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/routing/request.h"

namespace sluice::routing::host_pattern_test {
namespace {

using testing::HasSubstr;

struct Bad {
  std::string_view text;
  std::size_t offset;
  std::string_view says;
};

class BadHost : public testing::TestWithParam<Bad> {};

TEST_P(BadHost, IsAFaultAtItsPlace) {
  auto result = parse_host(GetParam().text);

  auto* fault = std::get_if<PatternFault>(&result);
  ASSERT_TRUE(fault) << GetParam().text;
  EXPECT_EQ(fault->offset, GetParam().offset) << GetParam().text;
  EXPECT_THAT(fault->text, HasSubstr(std::string(GetParam().says))) << GetParam().text;
}

const std::string kLongLabel = "a." + std::string(64, 'x') + ".com";
const std::string kLongName = [] {
  std::string name = "x";
  while (name.size() < 254) name += ".yyyyyyyyy";
  return name;
}();

INSTANTIATE_TEST_SUITE_P(
    All, BadHost,
    testing::Values(Bad{"", 0, "leave `host` out"}, Bad{"api.example.com:8080", 15, "leave the port out"},
                    Bad{"https://example.com", 5, "leave `https://` out"},
                    Bad{"example.com/a", 11, "`path` matches the path"},
                    Bad{"*example.com", 0, "whole labels"}, Bad{"api.*.com", 4, "whole labels"},
                    Bad{"*.*.com", 2, "whole labels"}, Bad{"a*.example.com", 1, "whole labels"},
                    Bad{"*.", 2, "empty"}, Bad{".", 0, "empty"}, Bad{".example.com", 0, "empty"},
                    Bad{"a..b", 2, "empty"}, Bad{"*..com", 2, "empty"}, Bad{"a b", 1, "cannot stand"},
                    Bad{"b\xC3\xBC"
                        "cher.example",
                        1, "xn--"},
                    Bad{kLongLabel, 2, "63"}, Bad{kLongName, 0, "253"}, Bad{"[::1", 4, "`]`"},
                    Bad{"[::1]:80", 5, "port"}, Bad{"[::g]", 3, "IPv6"}, Bad{"[]", 1, "IPv6"}));

TEST(HostPattern, IsExactWithoutAStar) {
  HostPattern h = host("api.example.com");

  EXPECT_EQ(h.kind, HostPattern::Kind::exact);
  EXPECT_EQ(h.name, "api.example.com");
  EXPECT_EQ(h.text(), "api.example.com");
}

TEST(HostPattern, IsLowerCase) { EXPECT_EQ(host("API.Example.COM").name, "api.example.com"); }

TEST(HostPattern, LosesTheDotOfTheRoot) { EXPECT_EQ(host("example.com.").name, "example.com"); }

TEST(HostPattern, KeepsWhatFollowsTheStarOfAWildcard) {
  HostPattern h = host("*.Example.com");

  EXPECT_EQ(h.kind, HostPattern::Kind::wildcard);
  EXPECT_EQ(h.name, "example.com");
  EXPECT_EQ(h.text(), "*.example.com");
}

TEST(HostPattern, IsAnyHostForALoneStar) {
  EXPECT_EQ(host("*").kind, HostPattern::Kind::any);
  EXPECT_EQ(host("*").text(), "any host");
}

TEST(HostPattern, TakesAddressesAndALabels) {
  EXPECT_EQ(host("127.0.0.1").name, "127.0.0.1");
  EXPECT_EQ(host("[2001:DB8::1]").name, "[2001:db8::1]");
  EXPECT_EQ(host("xn--bcher-kva.example").name, "xn--bcher-kva.example");
  EXPECT_EQ(host("my_service").name, "my_service");
  EXPECT_EQ(host("*.com").name, "com");
}

}  // namespace
}  // namespace sluice::routing::host_pattern_test
