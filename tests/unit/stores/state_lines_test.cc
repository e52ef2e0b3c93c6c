// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/state_lines.h"

#include <gmock/gmock.h>

namespace sluice::stores::state_lines_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

constexpr std::string_view kHeader = "sluice things 1\n";

struct Found {
  std::vector<std::string> lines;
  std::vector<std::size_t> damaged;
};
Found found_in(std::string_view text) {
  Found out;
  out.damaged = read_lines(text, kHeader, [&out](std::string_view line) {
    if (line == "unknown") return false;
    out.lines.emplace_back(line);
    return true;
  });
  return out;
}
std::string written(const std::vector<std::string>& lines) {
  std::string out(kHeader);
  for (const auto& line : lines) append_line(out, line);
  return out;
}

TEST(StateLines, AreReadAsTheyWereWritten) {
  auto read = found_in(written({"a\tb", "", "c"}));

  EXPECT_THAT(read.lines, ElementsAre("a\tb", "", "c"));
  EXPECT_THAT(read.damaged, IsEmpty());
}

TEST(StateLines, OfAnEmptyFileAreNone) { EXPECT_THAT(found_in("").damaged, IsEmpty()); }

TEST(StateLines, AreDamagedWhereTheChecksumOrTheReaderSaysSo) {
  auto text = written({"a", "b", "unknown", "d"});
  text[text.find(" b\n") + 1] = 'B';

  auto read = found_in(text);

  EXPECT_THAT(read.lines, ElementsAre("a", "d"));
  EXPECT_THAT(read.damaged, ElementsAre(3u, 4u));
}

TEST(StateLines, AreDamagedWithoutTheHeader) {
  EXPECT_THAT(found_in("something else\n").damaged, ElementsAre(1u));
}

TEST(StateLines, LeaveOutALastOneThatWasNotWrittenToItsEnd) {
  auto text = written({"a", "b"});
  text.resize(text.size() - 2);

  auto read = found_in(text);

  EXPECT_THAT(read.lines, ElementsAre("a"));
  EXPECT_THAT(read.damaged, IsEmpty());
}

TEST(StateLines, HavePartsOfAnyBytes) {
  const std::string any("\ta\\\n\0\xff\\t", 8);
  std::string part;
  append_part(part, any);

  EXPECT_EQ(part.find('\t'), std::string::npos);
  EXPECT_EQ(part.find('\n'), std::string::npos);
  EXPECT_EQ(part_text(part), any);
}

TEST(StateLines, AreTakenApartAtTheirTabs) {
  std::string_view line = "a\tb\t";
  EXPECT_EQ(take_until(line, '\t'), "a");
  EXPECT_EQ(take_until(line, '\t'), "b");
  EXPECT_EQ(take_until(line, '\t'), "");
}

}  // namespace
}  // namespace sluice::stores::state_lines_test
