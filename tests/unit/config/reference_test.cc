// SPDX-License-Identifier: Apache-2.0
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/write.h"

#include "tests/unit/config/sample.h"

namespace sluice::config::reference_test {
namespace {

using testing::HasSubstr;
using testing::Not;

class Reference : public testing::Test {
 protected:
  std::string page_ = reference_page<sample::Root>({"", "Sample"});
};

TEST_F(Reference, HasASectionForEachStruct) {
  EXPECT_TRUE(page_.starts_with("# Sample\n"));
  EXPECT_THAT(page_, HasSubstr("\n## gateway\n\nThe whole file.\n"));
  EXPECT_THAT(page_, HasSubstr("\n## timeouts\n\nHow long each phase may take.\n"));
  EXPECT_EQ(page_.find("## timeouts", page_.find("## timeouts") + 1), std::string::npos);
}

TEST_F(Reference, HasARowForEachSetting) {
  EXPECT_THAT(page_, HasSubstr("| `version` | integer | **required** | Version of the dialect. 1 to 1. |"));
  EXPECT_THAT(page_,
              HasSubstr("| `connect` | duration | `2s` | Time to establish a connection. 1ms to 1m. |"));
  EXPECT_THAT(page_, HasSubstr("| `total` | duration | none | Time for everything. At least 1ms. |"));
  EXPECT_THAT(page_, HasSubstr("| `buffer` | size | as large as needed |"));
  EXPECT_THAT(page_, HasSubstr("| `upstreams` | mapping from names to [upstream](#upstream) | none |"));
  EXPECT_THAT(page_, HasSubstr("| `targets` | list of address, or one of them | **required** |"));
  EXPECT_THAT(page_, HasSubstr("| `health` | [health](#health) | none | Health checks. Since 0.2. |"));
  EXPECT_THAT(page_, HasSubstr("| `to` | text | none | An upstream. The name of an upstream. |"));
  EXPECT_THAT(page_, HasSubstr("| `include` | list of text | none |"));
  EXPECT_THAT(page_, HasSubstr("| `password` | secret | none |"));
  EXPECT_THAT(page_, HasSubstr("**Deprecated:** use `name` instead. Out of use."));
}

TEST_F(Reference, ListsWordsAndShortForms) {
  EXPECT_THAT(page_, HasSubstr("| `balance` | `round_robin`, `power_of_two` | `round_robin` |"));
  EXPECT_THAT(page_, HasSubstr("- `safe`: Once, if it cannot hurt.\n"));
  EXPECT_THAT(page_, HasSubstr("- text alone stands for `path`\n"));
  EXPECT_THAT(page_, HasSubstr("\nExactly one of `to`, `split`, `json`.\n"));
}

TEST_F(Reference, ListsAlternatives) {
  EXPECT_THAT(page_, HasSubstr("The filter. Exactly one filter of:\n"));
  EXPECT_THAT(page_, HasSubstr("A filter in place. At most one filter of:\n"));
  EXPECT_THAT(
      page_, HasSubstr("| `jwt` | [jwt](#jwt) | Checks tokens. Example: `jwt: {issuer: \"https://idp\"}` |"));
  EXPECT_THAT(page_, HasSubstr("\n## jwt\n"));
}

TEST_F(Reference, ShowsExamplesAndKindsOfValue) {
  EXPECT_THAT(page_, HasSubstr("```yaml\nconnect: 500ms\n```"));
  EXPECT_THAT(page_, HasSubstr("| address | an address such as 10.0.0.1:8080 |"));
  EXPECT_THAT(page_, HasSubstr("| rate | a rate such as 100/min |"));
}

struct Odd {
  std::string text = "a|b";
  std::vector<std::string> list{"x", "y"};
};
void describe(Description<Odd>& d) {
  using namespace config;
  d.about("odd thing", "Odd.");
  d.field("text", &Odd::text, "One | two.", example("a: b\nc: d"));
  d.field("list", &Odd::list, "List.");
  d.example("text: x\nlist: [y]");
}

TEST(ReferenceOdd, KeepsTheTableInShape) {
  std::string page = reference_page<Odd>({"", "Odd"});

  EXPECT_THAT(page, HasSubstr("| `text` | text | `a\\|b` | One \\| two. |"));
  EXPECT_THAT(page, HasSubstr("| `list` | list of text | `[x, y]` |"));
  EXPECT_THAT(page, HasSubstr("```yaml\ntext:\n  a: b\n  c: d\n```"));
  EXPECT_THAT(page, HasSubstr("```yaml\ntext: x\nlist: [y]\n```"));
  EXPECT_THAT(page, Not(HasSubstr("## include")));
}

}  // namespace
}  // namespace sluice::config::reference_test
