// SPDX-License-Identifier: Apache-2.0
// The tree from hand-made events, without a YAML library: what yaml_test.cc cannot reach.
#include "gateway/config/tree.h"

#include <gtest/gtest.h>

#include "gateway/config/binder.h"

#include "tests/support/fake_environment.h"
#include "tests/unit/config/sample.h"

namespace sluice::config::tree_test {
namespace {

class Tree : public testing::Test {
 protected:
  Extent next() { return {{1, ++line_, 1}, line_, 2}; }
  std::uint32_t line_ = 0;
  base::Arena arena_;
  Diagnostics diagnostics_;
  test::FakeEnvironment environment_;
  std::vector<std::string> files_;
  std::vector<LateText> waiting_;
  Substitution substitution_{environment_, "", diagnostics_, files_, waiting_};
  TreeBuilder tree_{arena_, diagnostics_, substitution_};
};

TEST_F(Tree, HasNoRootBeforeTheFirstEvent) {
  EXPECT_EQ(tree_.root(), nullptr);
  EXPECT_FALSE(tree_.stopped());
}

TEST_F(Tree, IsBuiltFromEvents) {
  tree_.open(Kind::mapping, next(), "");
  tree_.scalar(next(), "a", false, "");
  tree_.open(Kind::sequence, next(), "x");
  tree_.scalar(next(), "1", false, "");
  tree_.scalar(next(), "", false, "");
  tree_.close(next());
  tree_.scalar(next(), "b", true, "");
  tree_.alias(next(), "x");
  tree_.close(next());

  ASSERT_NE(tree_.root(), nullptr);
  EXPECT_EQ(to_json(*tree_.root()), R"({"a":[1,null],"b":[1,null]})");
  EXPECT_EQ(tree_.root()->find("a")->parent, tree_.root());
  EXPECT_EQ(tree_.root()->end_line, line_);
}

TEST_F(Tree, StopsAtTheFirstLimit) {
  for (std::size_t i = 0; i <= kDeepest; ++i) tree_.open(Kind::sequence, next(), "");

  EXPECT_TRUE(tree_.stopped());
  EXPECT_EQ(diagnostics_.errors(), 1u);
}

TEST(Duplicates, AreDroppedInTheOrderOfWriting) {
  Diagnostics diagnostics;
  Node node;
  std::vector<Entry> entries;
  for (auto key : {"keep", "b", "a", "b", "c", "a", "b"})
    entries.push_back({key, {1, static_cast<std::uint32_t>(entries.size()), 1}, &node});
  entries[0].key = "a";  // before `first`: not looked at

  drop_duplicates(entries, 1, diagnostics, "there twice");

  std::string left;
  for (const Entry& entry : entries) left += entry.key;
  EXPECT_EQ(left, "abac");
  EXPECT_EQ(diagnostics.errors(), 3u);
}

}  // namespace
}  // namespace sluice::config::tree_test
