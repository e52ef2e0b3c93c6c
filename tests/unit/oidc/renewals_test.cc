// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/renewals.h"

#include <gtest/gtest.h>

#include <thread>

#include "gateway/base/job.h"

namespace sluice::oidc::renewals_test {
namespace {

using namespace std::chrono_literals;
using Outcome = Renewed::Outcome;

RenewedPtr outcome(Outcome o, const std::string& token = "") {
  Renewed out;
  out.outcome = o;
  out.session.access_token = token;
  return std::make_shared<const Renewed>(std::move(out));
}

// One worker: a loop, and requests that ask there.
struct Worker {
  explicit Worker(Renewals& r, const base::Clock& clock) : renewals(r), loop(clock) {}
  struct Answer {
    bool there = false;
    RenewedPtr renewed;
  };
  void ask(Answer& into, std::string key = "k", base::Duration patience = 5s) {
    base::spawn(scope, [](Worker* self, Answer* out, std::string k, base::Duration p) -> base::Task<void> {
      auto asking = self->renewals.others(self->loop, std::move(k), p);
      out->renewed = co_await asking;
      out->there = true;
    }(this, &into, std::move(key), patience));
  }
  void run() {
    loop.run_once(0ms);
    base::run_ready();
  }

  Renewals& renewals;
  net::Loop loop;
  base::Scope scope;
};

class RenewalsTest : public testing::Test {
 protected:
  Renewals::Turn turn(std::string key = "k") { return {renewals_, first_.loop, std::move(key)}; }
  // The clock goes on, and the loop looks at it.
  void later(base::Duration by) {
    clock_.advance(by);
    first_.run();
  }

  base::VirtualClock clock_;
  std::shared_ptr<Renewals> renewals_ = std::make_shared<Renewals>();
  Worker first_{*renewals_, clock_};
  Worker second_{*renewals_, clock_};
};

TEST_F(RenewalsTest, LetOneRenewAndTellTheOthersOnEveryWorker) {
  Worker::Answer one, two, three;
  first_.ask(one);
  ASSERT_TRUE(one.there);
  EXPECT_EQ(one.renewed, nullptr) << "nobody was at it";
  first_.ask(two);
  second_.ask(three);
  EXPECT_FALSE(two.there || three.there);

  turn().tell(outcome(Outcome::good, "new"));
  first_.run();
  second_.run();

  ASSERT_TRUE(two.there && three.there);
  EXPECT_EQ(two.renewed->session.access_token, "new");
  EXPECT_EQ(three.renewed, two.renewed);
}

TEST_F(RenewalsTest, KeepTheOutcomeForRequestsThatWereUnderWay) {
  Worker::Answer one, two, three;
  first_.ask(one);
  turn().tell(outcome(Outcome::good, "new"));

  later(59s);
  first_.ask(two);
  ASSERT_TRUE(two.there);
  EXPECT_EQ(two.renewed->session.access_token, "new");
  later(1s);
  first_.ask(three);
  ASSERT_TRUE(three.there);
  EXPECT_EQ(three.renewed, nullptr) << "to be renewed once more";
}

TEST_F(RenewalsTest, AskAProviderThatFailedAgainSoon) {
  Worker::Answer one, two, three;
  first_.ask(one);
  turn().tell(outcome(Outcome::failed));
  first_.ask(two);
  ASSERT_TRUE(two.there);
  EXPECT_EQ(two.renewed->outcome, Outcome::failed);

  later(5s);
  first_.ask(three);
  EXPECT_TRUE(three.there);
  EXPECT_EQ(three.renewed, nullptr);
}

TEST_F(RenewalsTest, KeepSessionsApart) {
  Worker::Answer one, two;
  first_.ask(one, "a");
  first_.ask(two, "b");
  EXPECT_TRUE(one.there && two.there);
  EXPECT_EQ(two.renewed, nullptr);
}

TEST_F(RenewalsTest, GiveUpWaitingAfterAWhile) {
  Worker::Answer one, two;
  first_.ask(one);
  first_.ask(two, "k", 2s);
  later(1s);
  EXPECT_FALSE(two.there);
  later(2s);

  ASSERT_TRUE(two.there);
  EXPECT_EQ(two.renewed->outcome, Outcome::failed);
  turn().tell(outcome(Outcome::good));  // nobody is there any more to be told
}

TEST_F(RenewalsTest, GoOnWhenTheOneWhoRenewsIsGone) {
  Worker::Answer one, two, three;
  first_.ask(one);
  first_.ask(two);
  {
    auto gone = turn();
  }
  first_.run();

  ASSERT_TRUE(two.there);
  EXPECT_EQ(two.renewed->outcome, Outcome::failed);
  first_.ask(three);
  EXPECT_EQ(three.renewed, nullptr) << "the next one may try at once";
}

TEST_F(RenewalsTest, ForgetWhoLeaves) {
  Worker::Answer one, two;
  first_.ask(one);
  first_.ask(two);
  first_.scope.cancel(base::Reason::client_closed);
  first_.run();
  EXPECT_TRUE(two.there);
  turn().tell(outcome(Outcome::good));
}

TEST(RenewalsOfTheProcess, AreTheSameForAsLongAsSomebodyHoldsThem) {
  auto one = Renewals::of_process();
  EXPECT_EQ(Renewals::of_process(), one);
}

// For the thread sanitizer, above all: each renews once, or is told what came of it.
TEST(RenewalsOfTheProcess, MeetOnManyThreads) {
  auto renewals = std::make_shared<Renewals>();
  base::VirtualClock clock;
  std::atomic<int> renewed{0}, told{0};
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      Worker worker(*renewals, clock);
      for (int i = 0; i < 50; ++i) {
        std::string key = std::to_string(i);
        Worker::Answer answer;
        worker.ask(answer, key);
        while (!answer.there) worker.run();
        if (answer.renewed) {
          EXPECT_EQ(answer.renewed->session.access_token, key);
          ++told;
        } else {
          ++renewed;
          Renewals::Turn(renewals, worker.loop, key).tell(outcome(Outcome::good, key));
        }
      }
    });
  for (auto& thread : threads) thread.join();

  EXPECT_EQ(renewed, 50);
  EXPECT_EQ(told, 150);
}

}  // namespace
}  // namespace sluice::oidc::renewals_test
