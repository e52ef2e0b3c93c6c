// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/node.h"

#include <gtest/gtest.h>

#include "gateway/config/load.h"

namespace sluice::config::node_test {
namespace {

class DocumentTest : public testing::Test {
 protected:
  Document parsed(const std::string& yaml) {
    Document document = parse(yaml, diagnostics_);
    EXPECT_EQ(diagnostics_.text(), "");
    return document;
  }
  Diagnostics diagnostics_;
};

TEST_F(DocumentTest, FindsNodesByPath) {
  Document document =
      parsed("routes:\n  - name: a\n    match: {path: /x}\n  - name: b\n\"a.b\": {\"c]\": 1}\n");

  EXPECT_EQ(document.find("routes[0].match.path")->text(), "/x");
  EXPECT_EQ(document.find("routes[1].name")->text(), "b");
  EXPECT_EQ(document.find("[\"a.b\"][\"c]\"]")->text(), "1");
  EXPECT_EQ(document.find(""), document.root());
  EXPECT_EQ(document.find("routes[2]"), nullptr);
  EXPECT_EQ(document.find("routes.name"), nullptr);
  EXPECT_EQ(document.find("routes[x]"), nullptr);
  EXPECT_EQ(document.find("routes[0"), nullptr);
  EXPECT_EQ(document.find("routes[0].name.more"), nullptr);
  EXPECT_EQ(document.find("[\"open"), nullptr);
}

TEST_F(DocumentTest, FindsTheNearestNodeForAComplaint) {
  Document document = parsed("a:\n  b: 1\n");

  EXPECT_EQ(document.nearest("a.b.c.d"), document.find("a.b"));
  EXPECT_EQ(document.nearest("a.x"), document.find("a"));
  EXPECT_EQ(document.place("a.b"), (Place{1, 2, 6}));
  EXPECT_EQ(document.place("zzz"), document.root()->place);
  EXPECT_EQ(Document(nullptr).place("a"), Place{});
}

TEST_F(DocumentTest, FindsKeysOfLargeMappings) {
  std::string yaml;
  for (int i = 0; i < 500; ++i)
    yaml += "k" + std::to_string((i * 7919) % 500) + ": " + std::to_string(i) + "\n";
  Document document = parsed(yaml);

  for (int i = 0; i < 500; ++i)
    EXPECT_EQ(document.root()->find("k" + std::to_string((i * 7919) % 500))->text(), std::to_string(i));
  EXPECT_EQ(document.root()->find("k500"), nullptr);
  EXPECT_EQ(document.root()->find(""), nullptr);
}

TEST_F(DocumentTest, KnowsThePathOfANode) {
  Document document = parsed("a:\n  - x\n  - {\"b.c\": [1, 2]}\n");

  for (auto path : {"a[0]", "a[1]", "a[1][\"b.c\"][1]", "a", ""}) {
    const Node* node = document.find(path);
    ASSERT_NE(node, nullptr) << path;
    EXPECT_EQ(document.path_of(*node), path);
  }
}

TEST(Path, IsMadeOfNamesAndIndexes) {
  EXPECT_EQ(path("routes", 2, "match"), "routes[2].match");
  EXPECT_EQ(path("a.b", std::string("c d"), std::size_t{0}, "e"), "[\"a.b\"][\"c d\"][0].e");
  EXPECT_EQ(path("a\"\\"), "[\"a\\\"\\\\\"]");
  EXPECT_EQ(path(), "");
}

TEST(Path, IsReadAsItWasWritten) {
  std::string text = path("a\"\\.", 3, "b");
  std::string_view rest = text;

  EXPECT_EQ(next_step(rest)->name, "a\"\\.");
  EXPECT_EQ(next_step(rest)->index, 3u);
  EXPECT_EQ(next_step(rest)->name, "b");
  EXPECT_FALSE(next_step(rest).has_value());
}

}  // namespace
}  // namespace sluice::config::node_test
