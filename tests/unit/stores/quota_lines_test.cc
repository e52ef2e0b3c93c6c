// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_lines.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::stores::quota_lines_test {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

QuotaBook::Entry entry(std::string key, std::uint64_t used) {
  QuotaBook::Entry out{"plan", std::move(key), {}};
  out.states[0].in(20'000).used = used;
  return out;
}

std::string file(std::initializer_list<QuotaBook::Entry> entries) {
  std::string out(kQuotaHeader);
  for (const auto& e : entries) write_quota(out, e);
  return out;
}

TEST(QuotaLines, AreReadAsTheyWereWritten) {
  QuotaBook::Entry full{"a\\b", "ip=1\t2\n3", {}};
  full.states[0].in(20'000).used = 1;
  full.states[0].in(20'001).used = 18'000'000'000'000'000'000u;
  full.states[1].in(-5).used = 3;
  auto lines = read_quotas(file({full, entry("x", 2)}));
  EXPECT_THAT(lines.damaged, IsEmpty());
  ASSERT_EQ(lines.entries.size(), 2u);
  EXPECT_EQ(lines.entries[0].owner, full.owner);
  EXPECT_EQ(lines.entries[0].key, full.key);
  EXPECT_EQ(lines.entries[0].states, full.states);
  EXPECT_EQ(lines.entries[1].states, entry("x", 2).states);
}

TEST(QuotaLines, ForgiveALastLineThatWasNotFinished) {
  std::string text = file({entry("a", 1), entry("b", 2)});
  auto begin_of_last = text.rfind('\n', text.size() - 2) + 1;
  for (std::size_t size = begin_of_last; size < text.size() - 1; ++size) {
    auto lines = read_quotas(std::string_view(text).substr(0, size));
    EXPECT_THAT(lines.damaged, IsEmpty()) << size;
    EXPECT_EQ(lines.entries.size(), 1u) << size;
  }
}

TEST(QuotaLines, NoticeEveryChangedByte) {
  const std::string text = file({entry("a", 1), entry("b", 2)});
  for (std::size_t i = 0; i + 1 < text.size(); ++i) {
    std::string changed = text;
    changed[i] = changed[i] == '7' ? '8' : '7';
    auto lines = read_quotas(changed);
    EXPECT_FALSE(lines.damaged.empty()) << i;
    EXPECT_LE(lines.entries.size(), 2u);
  }
}

TEST(QuotaLines, TellWhichLinesAreDamagedAndReadTheOthers) {
  std::string text = file({entry("a", 1)}) + "nonsense\n";
  write_quota(text, entry("b", 2));
  auto lines = read_quotas(text);
  EXPECT_THAT(lines.damaged, ElementsAre(3u));
  EXPECT_EQ(lines.entries.size(), 2u);
}

TEST(QuotaLines, TakeNoOtherFileForTheirOwn) {
  EXPECT_THAT(read_quotas("version: 1\nroutes: []\n").damaged, ElementsAre(1u, 2u));
  EXPECT_THAT(read_quotas("").damaged, IsEmpty());
  EXPECT_FALSE(read_quotas(std::string(4096, '\0')).damaged.empty());
}

}  // namespace
}  // namespace sluice::stores::quota_lines_test
