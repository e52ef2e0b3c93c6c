// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/structured.h"

#include <gtest/gtest.h>

namespace sluice::http::structured_test {
namespace {

using Kind = SfParameter::Kind;

TEST(StructuredDictionary, HoldsInnerListsWithParameters) {
  auto all = parse_sf_dictionary(
      R"(sig1=("@method" "date";sf "@query-param";name="a b");created=1618884473;keyid="k\"1";alg="ed25519", b=1)");

  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  const SfMember& m = all->front();
  EXPECT_EQ(m.key, "sig1");
  ASSERT_TRUE(m.is_list);
  ASSERT_EQ(m.items.size(), 3u);
  EXPECT_EQ(m.items[0].value.text, "@method");
  EXPECT_EQ(m.items[1].find("sf")->integer, 1);
  EXPECT_EQ(m.items[2].find("name")->text, "a b");
  EXPECT_EQ(m.items[2].raw, R"("@query-param";name="a b")");
  EXPECT_EQ(m.find("created")->integer, 1618884473);
  EXPECT_EQ(m.find("keyid")->text, "k\"1");
  EXPECT_EQ(m.find("nonce"), nullptr);
  EXPECT_EQ(
      m.raw,
      R"(("@method" "date";sf "@query-param";name="a b");created=1618884473;keyid="k\"1";alg="ed25519")");
}

TEST(StructuredDictionary, HoldsItemsOfEachKind) {
  auto all = parse_sf_dictionary("a=:Zm9v:, b=-42, c=1.5, d=tok/en:x, e=?0, f, g;x=2, h=\"\"");

  ASSERT_TRUE(all);
  EXPECT_EQ((*all)[0].item.value.text, "foo");
  EXPECT_EQ((*all)[1].item.value.integer, -42);
  EXPECT_EQ((*all)[2].item.value.kind, Kind::decimal);
  EXPECT_EQ((*all)[3].item.value.text, "tok/en:x");
  EXPECT_EQ((*all)[4].item.value.integer, 0);
  EXPECT_EQ((*all)[5].item.value.integer, 1);
  EXPECT_EQ((*all)[6].find("x")->integer, 2);
  EXPECT_EQ((*all)[7].item.value.kind, Kind::string);
}

TEST(StructuredDictionary, TakesTheLastOfTwoMembers) {
  auto all = parse_sf_dictionary("a=1, b=2, a=3");
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ(all->back().item.value.integer, 3);
}

TEST(StructuredDictionary, MayBeEmpty) { EXPECT_TRUE(parse_sf_dictionary("  ")->empty()); }

TEST(StructuredDictionary, RefusesWhatTheGrammarDoesNotKnow) {
  for (std::string_view bad :
       {"A=1",        "a=",    "a=1,",  "a=1 b=2",  "a=(1",  "a=(\"x\"\"y\")",     "a=\"x", "a=\"\\n\"",
        "a=\"\x80\"", "a=:Zg", "a=:Z:", "a=:Zh==:", "a=?2",  "a=1234567890123456", "a=1.",  "a=1.2345",
        "a=-",        "a;=1",  "a=1;B", "=1",       "a=()x", "a=1;b=;c",           "a=@x"})
    EXPECT_FALSE(parse_sf_dictionary(bad)) << bad;
}

TEST(StructuredDictionary, HasABoundOfMembers) {
  std::string many;
  for (int i = 0; i < 100; ++i) many += (i ? ",a" : "a") + std::to_string(i);
  EXPECT_FALSE(parse_sf_dictionary(many));
}

}  // namespace
}  // namespace sluice::http::structured_test
