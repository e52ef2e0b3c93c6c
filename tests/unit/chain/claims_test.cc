// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/claims.h"

#include <gtest/gtest.h>

namespace sluice::chain::claims_test {
namespace {

bool says(std::string_view text, std::string_view wanted) { return claim_says({"c", text}, wanted); }

TEST(Claims, AreFoundByTheirName) {
  const Claim claims[] = {{"sub", "alice"}, {"sub", "mallory"}, {"tenant", "acme"}};

  EXPECT_EQ(find_claim(claims, "sub"), &claims[0]);
  EXPECT_EQ(find_claim(claims, "tenant"), &claims[2]);
  EXPECT_EQ(find_claim(claims, "Tenant"), nullptr);
}

TEST(Claims, AreATextOrAnArrayThatHoldsIt) {
  EXPECT_TRUE(says("gold", "gold"));
  EXPECT_FALSE(says("golden", "gold"));
  EXPECT_TRUE(says("true", "true"));
  EXPECT_TRUE(says(R"(["a", "gold" ,"b"])", "gold"));
  EXPECT_TRUE(says(R"([1,true,"x"])", "1"));
  EXPECT_TRUE(says(R"([1,true,"x"])", "true"));
  EXPECT_FALSE(says(R"(["golden","old"])", "gold"));
  EXPECT_FALSE(says("[]", "gold"));
  EXPECT_TRUE(says(R"(["a\"b\/c\\"])", R"(a"b/c\)"));
}

// As many write what is not ASCII.
TEST(Claims, AreComparedByWhatTheySayHoweverTheyAreWritten) {
  EXPECT_TRUE(says(R"(["\u00e9quipe"])", "\xC3\xA9quipe"));
  EXPECT_TRUE(says("[\"\xC3\xA9quipe\"]", "\xC3\xA9quipe"));
  EXPECT_TRUE(says(R"(["x", "\uD83D\uDE00\t"])", "\xF0\x9F\x98\x80\t"));
  EXPECT_TRUE(says(R"([{"\u0022":"\u005d"},"go\u006Cd"])", "gold"));
  EXPECT_FALSE(says(R"(["go\u006cd"])", R"(go\u006cd)"));
}

TEST(Claims, MatchNothingInsideNestedValues) {
  EXPECT_FALSE(says(R"([{"role":"gold"},["gold"]])", "gold"));
  EXPECT_TRUE(says(R"([{"role":"]}"},["x"],"gold"])", "gold"));
  EXPECT_FALSE(says(R"({"gold":1})", "gold"));
}

TEST(Claims, MatchNothingWhenTheyAreOdd) {
  for (const char* text : {"[", "[\"gold", "[\"gold\\", "[\"gold\\u00\", \"gold\"]", "[\"\\x\", \"gold\"]",
                           "[\"go\\u006", "[\"a\\ngold\"]", "[{", "[[\"", "gold]"})
    EXPECT_FALSE(says(text, "gold")) << text;
  EXPECT_FALSE(says("[,,]", ""));
}

TEST(Claims, AreLookedUpByName) {
  Claim claims[] = {{"tier", "silver"}, {"role", "gold"}, {"tier", "gold"}};
  EXPECT_TRUE(claims_say(claims, "tier", "gold"));
  EXPECT_FALSE(claims_say(claims, "role", "silver"));
  EXPECT_FALSE(claims_say({}, "tier", "gold"));
}

}  // namespace
}  // namespace sluice::chain::claims_test
