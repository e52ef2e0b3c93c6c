// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/revocation_lines.h"

#include <gmock/gmock.h>

namespace sluice::chain::revocation_lines_test {
namespace {

using namespace std::chrono_literals;
using ::testing::ElementsAre;
using ::testing::ElementsAreArray;
using ::testing::IsEmpty;

constexpr base::WallTime kNow{1'800'000'000s};

TEST(RevocationLines, AreReadAsTheyWereWritten) {
  const std::vector<Revocation> all = {{"https://idp", "8f\t3a\n", "", {}, kNow + 1ns},
                                       {"https://idp", "", "jo", kNow, kNow + 1h},
                                       {"i", "", "", kNow, base::WallTime::max()}};

  auto read = read_revocations(write_revocations(all));

  EXPECT_THAT(read.revocations, ElementsAreArray(all));
  EXPECT_THAT(read.damaged, IsEmpty());
}

TEST(RevocationLines, ThatSayNoMomentAreDamaged) {
  auto text = write_revocations({{"i", "j", "", {}, kNow}});
  text.insert(text.size() - 1, "x");

  auto read = read_revocations(text);

  EXPECT_THAT(read.revocations, IsEmpty());
  EXPECT_THAT(read.damaged, ElementsAre(2u));
}

}  // namespace
}  // namespace sluice::chain::revocation_lines_test
