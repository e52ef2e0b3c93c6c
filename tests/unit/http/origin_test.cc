// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/origin.h"

#include <gtest/gtest.h>

namespace sluice::http::origin_test {
namespace {

std::string normal(std::string_view text) {
  auto origin = parse_origin(text);
  return origin ? origin_text(*origin) : "none";
}

TEST(Origin, IsWrittenInOneWay) {
  EXPECT_EQ(normal("https://app.example.com"), "https://app.example.com");
  EXPECT_EQ(normal("HTTPS://App.Example.com:443"), "https://app.example.com");
  EXPECT_EQ(normal("http://localhost:3000"), "http://localhost:3000");
  EXPECT_EQ(normal("http://a:443"), "http://a:443");
  EXPECT_EQ(normal("https://[2001:DB8::1]:8443"), "https://[2001:db8::1]:8443");
  EXPECT_EQ(normal("chrome-extension://abcdef"), "chrome-extension://abcdef");
  EXPECT_EQ(normal("capacitor://localhost"), "capacitor://localhost");
}

TEST(Origin, IsNothingElse) {
  for (auto text :
       {"", "null", "*", "app.example.com", "https://", "://a", "https://a/", "https://a?b", "https://user@a",
        "https://a:0", "https://a:99999", "1a://b", "https://a b", "https:/a", "https://*.a", "ht tps://a"})
    EXPECT_EQ(normal(text), "none") << text;
}

TEST(Origin, IsTheSameByScheme_HostAndPort) {
  auto same = [](std::string_view a, std::string_view b) {
    return same_origin(*parse_origin(a), *parse_origin(b));
  };
  EXPECT_TRUE(same("https://a.example", "HTTPS://A.example:443"));
  EXPECT_FALSE(same("https://a.example", "http://a.example"));
  EXPECT_FALSE(same("https://a.example", "https://b.example"));
  EXPECT_FALSE(same("https://a.example", "https://a.example:444"));
}

struct Preflight : testing::Test {
  base::Arena arena;
  RequestHead head{arena};
};

TEST_F(Preflight, IsAnOptionsRequestThatAnnouncesAnother) {
  head.method = Method::options;
  EXPECT_FALSE(is_preflight(head));
  head.fields.add(FieldId::origin, "https://a.example");
  EXPECT_FALSE(is_preflight(head));
  head.fields.add("access-control-request-method", "PUT");
  EXPECT_TRUE(is_preflight(head));
  head.method = Method::get;
  EXPECT_FALSE(is_preflight(head));
}

}  // namespace
}  // namespace sluice::http::origin_test
