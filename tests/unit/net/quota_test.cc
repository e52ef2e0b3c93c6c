// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/quota.h"

#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "gateway/base/job.h"
#include "gateway/net/loop.h"

namespace sluice::net::quota_test {
namespace {

using namespace std::chrono_literals;

base::Task<void> work(Loop& loop, int& done, std::vector<base::Outcome>* ends = nullptr) {
  auto turn = loop.quota().next();
  auto outcome = co_await turn;
  if (ends) ends->push_back(outcome);
  done += outcome == base::Outcome::ready;
}

TEST(Quota, LetsAFewBeginInEachRound) {
  base::RealClock clock;
  Loop loop(clock);
  base::Scope scope;
  std::vector<std::unique_ptr<base::Job<void>>> jobs;
  int done = 0;
  for (int i = 0; i < 20; ++i) {
    jobs.push_back(std::make_unique<base::Job<void>>(&scope));
    jobs.back()->start(work(loop, done));
  }

  EXPECT_EQ(done, 8);
  loop.run_once(1s);
  EXPECT_EQ(done, 16);
  loop.run_once(1s);
  EXPECT_EQ(done, 20);
}

TEST(Quota, PassesOverThoseThatWereCancelled) {
  base::RealClock clock;
  Loop loop(clock);
  base::Scope scope, gone;
  std::vector<std::unique_ptr<base::Job<void>>> jobs;
  std::vector<base::Outcome> ends;
  int done = 0;
  for (int i = 0; i < 8; ++i) {
    jobs.push_back(std::make_unique<base::Job<void>>(&scope));
    jobs.back()->start(work(loop, done));
  }
  base::Job<void> first(&gone), second(&scope);
  first.start(work(loop, done, &ends));
  second.start(work(loop, done));
  gone.cancel(base::Reason::client_closed);
  loop.run_once(1s);

  EXPECT_EQ(done, 9);
  EXPECT_EQ(ends, std::vector{base::Outcome::cancelled});
}

}  // namespace
}  // namespace sluice::net::quota_test
