// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/separators.h"

#include <gtest/gtest.h>

namespace sluice::http::separators_test {
namespace {

TEST(Separators, AreFoundInNormalPaths) {
  for (auto path : {"/a%2Fb", "/%5C", "/%25%2F", "/%20%20%5Cx", "/a/%2F"})
    EXPECT_TRUE(has_encoded_separator(path)) << path;
  for (auto path : {"", "*", "/", "/a/b", "/%252F", "/%20", "/%2", "/%", "/%C3%A4", "/2F"})
    EXPECT_FALSE(has_encoded_separator(path)) << path;
}

TEST(Separators, AreToldApart) {
  EXPECT_TRUE(separators_in("/a%2Fb").encoded_slash);
  EXPECT_FALSE(separators_in("/a%2Fb").encoded_backslash);
  EXPECT_FALSE(separators_in("/a%5Cb").encoded_slash);
  EXPECT_TRUE(separators_in("/a%5Cb").encoded_backslash);
  EXPECT_FALSE(separators_in("/a%252F%255Cb").encoded_slash);
}

TEST(Separators, MustBeAllowedEachByItself) {
  constexpr PathOptions neither{}, slash{true, false}, backslash{false, true}, both{true, true};
  for (const auto& all : {neither, slash, backslash, both}) {
    EXPECT_TRUE(covers(all, neither));
    EXPECT_TRUE(covers(both, all));
    EXPECT_TRUE(covers(all, all));
  }
  EXPECT_FALSE(covers(slash, backslash));
  EXPECT_FALSE(covers(backslash, both));
  EXPECT_FALSE(covers(neither, slash));
}

TEST(Separators, AreSlashesToThoseWhoDecodeThem) {
  base::Arena arena;
  EXPECT_EQ(as_read("/a%2Fb%5Cc%20", {true, false}, arena), "/a/b%5Cc%20");
  EXPECT_EQ(as_read("/a%2Fb%5Cc%20", {false, true}, arena), "/a%2Fb/c%20");
  EXPECT_EQ(as_read("/a%2F%2Fb%5C", {true, true}, arena), "/a//b/");
  EXPECT_EQ(as_read("/a%252Fb", {true, true}, arena), "/a%252Fb");
}

}  // namespace
}  // namespace sluice::http::separators_test
