// SPDX-License-Identifier: Apache-2.0
// How the top levels of several files become one; what loading makes of it is in load_test.cc.
#include "gateway/config/merge.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/binder.h"
#include "gateway/config/load.h"

namespace sluice::config::merge_test {
namespace {

class MergerTest : public testing::Test {
 protected:
  // The joined files as JSON.
  std::string merged(const std::vector<std::string>& texts) {
    Merger merger(arena_, diagnostics_);
    for (const std::string& text : texts) {
      files_.push_back(
          std::make_unique<Document>(parse(text, diagnostics_, "f" + std::to_string(files_.size()))));
      merger.add(*files_.back()->root(), "skip");
    }
    return to_json(*merger.merged(*files_.front()->root()));
  }
  base::Arena arena_;
  Diagnostics diagnostics_;
  std::vector<std::unique_ptr<Document>> files_;
};

TEST_F(MergerTest, JoinsListsAndUnitesMappings) {
  EXPECT_EQ(merged({"l: [1]\nm: {a: 1}", "m: {b: 2}\nl: [2, 3]", "n: x"}),
            R"({"l":[1,2,3],"m":{"a":1,"b":2},"n":"x"})");
  EXPECT_EQ(diagnostics_.text(), "");
}

TEST_F(MergerTest, LeavesOneEntryOut) { EXPECT_EQ(merged({"skip: 1\na: 1", "skip: 2"}), R"({"a":1})"); }

TEST_F(MergerTest, KeepsTheFirstOfWhatIsDefinedTwice) {
  EXPECT_EQ(merged({"m: {a: 1}\ns: x", "m: {a: 2}\ns: y", "s: x"}), R"({"m":{"a":1},"s":"x"})");
  EXPECT_EQ(diagnostics_.errors(), 2u);
}

TEST_F(MergerTest, IgnoresEmptySections) {
  EXPECT_EQ(merged({"a:\nb: [1]\nc: ~", "a: {x: 1}\nb:\nc:"}), R"({"a":{"x":1},"b":[1],"c":null})");
  EXPECT_EQ(diagnostics_.text(), "");
}

TEST_F(MergerTest, RefusesSectionsOfDifferentKinds) {
  EXPECT_EQ(merged({"a: [1]", "a: {x: 1}", "a: text"}), R"({"a":[1]})");
  EXPECT_EQ(diagnostics_.errors(), 2u);
}

}  // namespace
}  // namespace sluice::config::merge_test
