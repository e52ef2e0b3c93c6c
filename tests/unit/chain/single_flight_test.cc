// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/single_flight.h"

#include <gtest/gtest.h>

#include <optional>

#include "gateway/base/job.h"

namespace sluice::chain::single_flight_test {
namespace {

using Flights = SingleFlight<int>;

base::Detached join(base::Scope& /*scope*/, Flights& flights, std::string key, std::vector<int>& told) {
  auto answer = co_await flights.join(key);
  told.push_back(answer ? *answer : -1);
}

struct SingleFlightTest : testing::Test {
  Flights flights;
  base::Scope scope;
  std::vector<int> told;
};

TEST_F(SingleFlightTest, TellsAllWhoWaitButNotAtOnce) {
  EXPECT_FALSE(flights.underway("a"));
  auto lead = flights.lead("a");
  join(scope, flights, "a", told);
  join(scope, flights, "a", told);
  lead.land(std::make_shared<const int>(7));
  EXPECT_TRUE(told.empty());
  EXPECT_FALSE(flights.underway("a"));
  base::run_ready();

  EXPECT_EQ(told, (std::vector{7, 7}));
}

TEST_F(SingleFlightTest, KeepsKeysApart) {
  auto a = flights.lead("a");
  auto b = flights.lead("b");
  join(scope, flights, "b", told);
  a.land(std::make_shared<const int>(1));
  base::run_ready();
  EXPECT_TRUE(told.empty());
  b.land(std::make_shared<const int>(2));
  base::run_ready();

  EXPECT_EQ(told, std::vector{2});
}

TEST_F(SingleFlightTest, TellsNothingWhenTheOneWhoAsksGivesUp) {
  {
    auto lead = flights.lead("a");
    join(scope, flights, "a", told);
  }
  base::run_ready();

  EXPECT_EQ(told, std::vector{-1});
  EXPECT_FALSE(flights.underway("a"));
}

TEST_F(SingleFlightTest, ForgetsThoseWhoDoNotWaitAnyMore) {
  auto lead = flights.lead("a");
  join(scope, flights, "a", told);
  scope.cancel(base::Reason::client_closed);
  base::run_ready();
  EXPECT_EQ(told, std::vector{-1});

  lead.land(std::make_shared<const int>(7));
  base::run_ready();
  EXPECT_EQ(told.size(), 1u);
}

}  // namespace
}  // namespace sluice::chain::single_flight_test
