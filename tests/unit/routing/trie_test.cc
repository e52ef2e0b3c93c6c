// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/trie.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::routing::trie_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

TEST(Trie, FindsTheChildThatWasAdded) {
  Trie trie;
  NodeId a = trie.add_child(kAnyHost, "a");

  EXPECT_EQ(trie.find_child(kAnyHost, "a"), a);
  EXPECT_EQ(trie.add_child(kAnyHost, "a"), a);
  EXPECT_EQ(trie.label(a), "a");
  EXPECT_EQ(trie.node(kAnyHost).literals, 1u);
}

TEST(Trie, KeepsTheChildrenOfEachNodeApart) {
  Trie trie;
  NodeId a = trie.add_child(kAnyHost, "a");
  NodeId below = trie.add_child(a, "b");

  EXPECT_EQ(trie.find_child(kAnyHost, "b"), kNoNode);
  EXPECT_EQ(trie.find_child(a, "b"), below);
  EXPECT_EQ(trie.find_child(kExactHosts, "a"), kNoNode);
}

TEST(Trie, TakesTheEmptyLabelAndLongOnes) {
  Trie trie;
  NodeId empty = trie.add_child(kAnyHost, "");
  NodeId eight = trie.add_child(kAnyHost, "12345678");
  NodeId nine = trie.add_child(kAnyHost, "123456789");

  EXPECT_EQ(trie.find_child(kAnyHost, ""), empty);
  EXPECT_EQ(trie.find_child(kAnyHost, "12345678"), eight);
  EXPECT_EQ(trie.find_child(kAnyHost, "123456789"), nine);
  EXPECT_EQ(trie.find_child(kAnyHost, "1234567"), kNoNode);
}

TEST(Trie, HasOneParamBelowANode) {
  Trie trie;
  NodeId param = trie.add_param(kAnyHost);

  EXPECT_EQ(trie.add_param(kAnyHost), param);
  EXPECT_EQ(trie.find_child(kAnyHost, ""), kNoNode);
  EXPECT_EQ(trie.node(kAnyHost).literals, 0u);
}

TEST(Trie, FindsAllOfManyChildren) {
  Trie trie;
  std::vector<NodeId> ids;
  for (int i = 0; i < 5'000; ++i) ids.push_back(trie.add_child(kAnyHost, "child-" + std::to_string(i)));
  trie.shrink();

  for (int i = 0; i < 5'000; ++i) ASSERT_EQ(trie.find_child(kAnyHost, "child-" + std::to_string(i)), ids[i]);
  EXPECT_EQ(trie.find_child(kAnyHost, "child-5000"), kNoNode);
}

TEST(Trie, ListsTheLabelsBelowANode) {
  Trie trie;
  trie.add_child(kAnyHost, "a");
  trie.add_param(kAnyHost);
  trie.add_child(kAnyHost, "b");

  EXPECT_THAT(trie.labels_below(kAnyHost), ElementsAre("a", "b"));
  EXPECT_THAT(trie.labels_below(kExactHosts), IsEmpty());
}

}  // namespace
}  // namespace sluice::routing::trie_test
