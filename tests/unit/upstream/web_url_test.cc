// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/web_url.h"

#include <gtest/gtest.h>

namespace sluice::upstream::web_url_test {
namespace {

TEST(WebUrl, ReadsOriginAndTarget) {
  auto url = parse_web_url("https://IDP.example.com/keys?v=2");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->origin.host, "idp.example.com");
  EXPECT_EQ(url->origin.port, 443);
  EXPECT_TRUE(url->origin.tls);
  EXPECT_EQ(url->target, "/keys?v=2");
  EXPECT_EQ(url->text(), "https://idp.example.com/keys?v=2");
}

TEST(WebUrl, HasARootWithoutPath) {
  EXPECT_EQ(parse_web_url("http://idp:8080")->text(), "http://idp:8080/");
  EXPECT_EQ(parse_web_url("http://[::1]:8080?x")->target, "/?x");
}

TEST(WebUrl, RefusesWhatCannotBeAsked) {
  for (std::string_view bad :
       {"", "idp", "unix:/run/x.sock", "ftp://idp/", "https://", "https://user@idp/", "https://idp/#x",
        "https://idp/a b", "https://idp/\r\nX: y", "https://idp/\xc3\xa4", "https://idp:99999/"})
    EXPECT_FALSE(parse_web_url(bad)) << bad;
}

TEST(WebUrl, KnowsWhetherOthersCanListen) {
  EXPECT_TRUE(parse_web_url("https://idp/")->private_way());
  EXPECT_TRUE(parse_web_url("http://127.0.0.1:1/")->private_way());
  EXPECT_TRUE(parse_web_url("http://localhost/")->private_way());
  EXPECT_FALSE(parse_web_url("http://idp/")->private_way());
  EXPECT_FALSE(parse_web_url("http://127.example.com/")->private_way());
}

}  // namespace
}  // namespace sluice::upstream::web_url_test
