// SPDX-License-Identifier: Apache-2.0
#include "gateway/front/in_flight.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <vector>

#include "tests/support/fake_stream.h"

namespace sluice::front::in_flight_test {
namespace {

using upstream::Importance;

class InFlightTest : public testing::Test {
 protected:
  // The oldest first: `l` low, `n` normal, `c` critical.
  void serve(std::string_view importances) {
    for (char i : importances) {
      auto& one = exchanges_.emplace_back(std::make_unique<One>());
      one->fake.ex.importance = i == 'l'   ? Importance::low
                                : i == 'n' ? Importance::normal
                                           : Importance::critical;
      one->listed.exchange = &one->fake.ex;
      all_.push_back(one->listed);
    }
  }
  // `x` for those that were cut, `.` for the others.
  std::string cut() const {
    std::string out;
    for (const auto& one : exchanges_)
      out += one->fake.ex.scope.cancelled() && one->fake.ex.scope.why() == base::Reason::shed ? 'x' : '.';
    return out;
  }

  struct One {
    test::FakeExchange fake;
    InFlight listed;
  };
  std::vector<std::unique_ptr<One>> exchanges_;
  base::List<InFlight> all_;
};

TEST_F(InFlightTest, CutsAQuarterOfTheLessImportantTheOldestFirst) {
  serve("nlnclnln");  // seven that are not critical

  EXPECT_EQ(cut_a_quarter(all_), 2u);
  EXPECT_EQ(cut(), ".x..x...");
}

TEST_F(InFlightTest, GoesOnWithTheNextOnes) {
  serve("lnn");

  EXPECT_EQ(cut_a_quarter(all_), 1u);
  EXPECT_EQ(cut_a_quarter(all_), 1u);
  EXPECT_EQ(cut(), "xx.");
}

TEST_F(InFlightTest, LeavesWhatIsCritical) {
  serve("cc");

  EXPECT_EQ(cut_a_quarter(all_), 0u);
  EXPECT_EQ(cut(), "..");
}

TEST_F(InFlightTest, MayBeEmpty) { EXPECT_EQ(cut_a_quarter(all_), 0u); }

}  // namespace
}  // namespace sluice::front::in_flight_test
