// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/resolver.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <thread>
#include <vector>

#include "gateway/base/log.h"

#include "tests/support/fake_resolver.h"

namespace sluice::net {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::IsEmpty;

constexpr auto kLongest = Resolver::kInterval + Resolver::kInterval / 10;
constexpr auto kShortest = Resolver::kInterval - Resolver::kInterval / 10;

class ResolverTest : public testing::Test {
 protected:
  ResolverTest() {
    base::set_log_sink([this](base::Level level, std::string_view text) {
      if (level >= base::Level::info) log_.push_back(std::string(name(level)) + ": " + std::string(text));
    });
  }
  ~ResolverTest() override { base::set_log_sink(nullptr); }

  // Notes what the watch is told as "10.0.0.1:80 10.0.0.2:80" or "failed: ...".
  Resolver::OnChange note() {
    return [this](const Addresses& a) { told_.push_back(text(a)); };
  }
  static std::string text(const Addresses& answer) {
    if (!answer) return "failed: " + answer.error().detail;
    std::string out;
    for (const Address& a : *answer) out += (out.empty() ? "" : " ") + a.text();
    return out;
  }
  std::size_t questions() { return names_.lookup().questions().size(); }

  test::FakeResolver names_;
  std::vector<std::string> told_, log_;
};

TEST_F(ResolverTest, TakesANumberAsItIs) {
  auto v4 = names_.resolver().watch("10.1.2.3", 8080, note());
  auto v6 = names_.resolver().watch("2001:db8::1", 80, note());

  EXPECT_THAT(told_, ElementsAre("10.1.2.3:8080", "[2001:db8::1]:80"));
  EXPECT_TRUE(v4->answered());
  names_.pass(1h);
  EXPECT_EQ(questions(), 0u);
}

TEST_F(ResolverTest, AsksForANameAtOnceAndTellsTheAnswer) {
  names_.lookup().resolves("orders", {"10.0.0.1", "10.0.0.2"});

  auto watch = names_.resolver().watch("orders", 8080, note());
  EXPECT_THAT(names_.lookup().questions(), ElementsAre("orders"));
  EXPECT_FALSE(watch->answered());
  EXPECT_THAT(told_, IsEmpty());
  names_.answer();

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:8080 10.0.0.2:8080"));
  EXPECT_TRUE(watch->answered());
}

TEST_F(ResolverTest, AsksAgainAfterHalfAMinuteGiveOrTakeATenth) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto watch = names_.resolver().watch("orders", 80, note());
  names_.answer();

  for (std::size_t i = 1; i < 20; ++i) {
    names_.pass(kShortest - 1ns);
    EXPECT_EQ(questions(), i) << "too soon";
    names_.pass(kLongest - kShortest + 1ns);
    EXPECT_EQ(questions(), i + 1) << "too late";
  }
}

TEST_F(ResolverTest, DoesNotAskForAllNamesInStep) {
  std::vector<std::unique_ptr<Watch>> watches;
  for (int i = 0; i < 100; ++i) {
    std::string host = "host-" + std::to_string(i);
    names_.lookup().resolves(host, {"10.0.0.1"});
    watches.push_back(names_.resolver().watch(host, 80, note()));
  }
  names_.answer();

  names_.pass(Resolver::kInterval);

  EXPECT_GT(questions(), 110u);
  EXPECT_LT(questions(), 190u);
}

TEST_F(ResolverTest, TellsAndLogsAChange) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto watch = names_.resolver().watch("orders", 80, note());
  names_.answer();

  names_.lookup().resolves("orders", {"10.0.0.2", "10.0.0.3"});
  names_.pass(kLongest);

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:80", "10.0.0.2:80 10.0.0.3:80"));
  EXPECT_THAT(log_, ElementsAre("info: host orders: 10.0.0.1 -> 10.0.0.2, 10.0.0.3"));
}

TEST_F(ResolverTest, TakesADifferentOrderForNoChange) {
  names_.lookup().resolves("orders", {"10.0.0.1", "10.0.0.2"});
  auto watch = names_.resolver().watch("orders", 80, note());
  names_.answer();

  names_.lookup().resolves("orders", {"10.0.0.2", "10.0.0.1"});
  names_.pass(kLongest);

  EXPECT_EQ(told_.size(), 1u);
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(ResolverTest, KeepsTheLastGoodAnswerAndComplainsOnceWhileLookupsFail) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto watch = names_.resolver().watch("orders", 80, note());
  names_.answer();

  names_.lookup().fails("orders", "no such host");
  for (int i = 0; i < 10; ++i) names_.pass(kLongest);

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:80", "failed: no such host"));
  EXPECT_THAT(log_, ElementsAre("warning: host orders: cannot be resolved: no such host, keeping 10.0.0.1"));
  auto late = names_.resolver().watch("orders", 81, note());
  EXPECT_EQ(told_.back(), "10.0.0.1:81");
}

TEST_F(ResolverTest, SaysWhenANameResolvesAgain) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto watch = names_.resolver().watch("orders", 80, note());
  names_.answer();
  names_.lookup().fails("orders", "no such host");
  names_.pass(kLongest);

  names_.lookup().resolves("orders", {"10.0.0.1"});
  names_.pass(2s);

  EXPECT_EQ(told_.back(), "10.0.0.1:80");
  EXPECT_EQ(log_.back(), "info: host orders: resolves again: 10.0.0.1");
  names_.lookup().fails("orders", "gone again");
  names_.pass(kLongest);
  EXPECT_EQ(log_.back(), "warning: host orders: cannot be resolved: gone again, keeping 10.0.0.1");
}

TEST_F(ResolverTest, TellsTheErrorOfANameThatNeverResolved) {
  auto watch = names_.resolver().watch("nowhere", 80, note());
  names_.answer();

  EXPECT_THAT(told_, ElementsAre("failed: unknown name"));
  EXPECT_THAT(log_, ElementsAre("warning: host nowhere: cannot be resolved: unknown name"));
  EXPECT_TRUE(watch->answered());
  auto late = names_.resolver().watch("nowhere", 81, note());
  EXPECT_THAT(told_, ElementsAre("failed: unknown name", "failed: unknown name"));
}

TEST_F(ResolverTest, AsksSoonerAfterAFailureAndLessAndLessOften) {
  auto watch = names_.resolver().watch("nowhere", 80, note());
  names_.answer();
  base::Duration between = Resolver::kRetry;

  for (std::size_t asked = 1; asked < 12; ++asked) {
    names_.pass(between - between / 10 - 1ns);
    EXPECT_EQ(questions(), asked) << "too soon";
    names_.pass(between / 5 + 1ns);
    EXPECT_EQ(questions(), asked + 1) << "too late";
    between = std::min<base::Duration>(2 * between, Resolver::kInterval);
  }
}

TEST_F(ResolverTest, AsksOnceForAllWhoWatchAName) {
  names_.lookup().resolves("orders", {"10.0.0.1"});

  auto first = names_.resolver().watch("orders", 80, note());
  auto second = names_.resolver().watch("orders", 81, note());
  names_.answer();
  auto late = names_.resolver().watch("orders", 82, note());

  EXPECT_EQ(questions(), 1u);
  EXPECT_THAT(told_, ElementsAre("10.0.0.1:80", "10.0.0.1:81", "10.0.0.1:82"));
}

TEST_F(ResolverTest, AsksNothingWhileAQuestionIsOpen) {
  auto watch = names_.resolver().watch("slow", 80, note());

  for (int i = 0; i < 10; ++i) {
    names_.clock().advance(1h);
    names_.resolver().tick();
  }

  EXPECT_EQ(questions(), 1u);
}

TEST_F(ResolverTest, TellsNothingAndAsksNothingOnceTheWatchIsGone) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto watch = names_.resolver().watch("orders", 80, note());

  watch.reset();
  names_.answer();
  names_.pass(1h);

  EXPECT_THAT(told_, IsEmpty());
  EXPECT_EQ(questions(), 1u);
}

TEST_F(ResolverTest, GoesOnForTheOthersWhenOneWatchIsGone) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto gone = names_.resolver().watch("orders", 80, note());
  auto kept = names_.resolver().watch("orders", 81, note());

  std::thread([&] { gone.reset(); }).join();  // the last owner of a target may be a worker
  names_.answer();

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:81"));
}

TEST_F(ResolverTest, TakesUpANameAgainWhoseQuestionIsStillOpen) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto first = names_.resolver().watch("orders", 80, note());
  first.reset();
  names_.resolver().tick();

  auto second = names_.resolver().watch("orders", 81, note());
  names_.answer();

  EXPECT_EQ(questions(), 1u);
  EXPECT_THAT(told_, ElementsAre("10.0.0.1:81"));
}

TEST_F(ResolverTest, LetsACallbackWatchMoreAndEndItsOwnWatch) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  std::unique_ptr<Watch> first, second;
  first = names_.resolver().watch("orders", 80, [&](const Addresses&) {
    first.reset();
    second = names_.resolver().watch("orders", 81, note());
  });

  names_.answer();

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:81"));
}

TEST_F(ResolverTest, MayGoBeforeItsWatchesAndAnswers) {
  boost::asio::io_context control;
  base::VirtualClock clock;
  struct Late final : Lookup {  // keeps the questions when the resolver is gone
    Done& done;
    explicit Late(Done& d) : done(d) {}
    void start(const std::string&, Done d) override { done = std::move(d); }
  };
  Lookup::Done done;
  std::optional<Resolver> resolver(std::in_place, control, clock, std::make_unique<Late>(done));
  auto watch = resolver->watch("orders", 80, note());

  resolver.reset();
  done(std::vector{*Address::parse("10.0.0.1", 0)});
  watch.reset();

  EXPECT_THAT(told_, IsEmpty());
}

// With its own timer: the clock runs so fast that everything is due when the timer first fires.
TEST(ResolverTimer, AsksAgainByItself) {
  struct Racing final : base::Clock {
    mutable base::SteadyTime now{1h};
    base::SteadyTime steady() const noexcept override { return now += 1min; }
    base::WallTime wall() const noexcept override { return {}; }
  } clock;
  struct Counting final : Lookup {
    boost::asio::io_context& control;
    int& questions;
    Counting(boost::asio::io_context& c, int& q) : control(c), questions(q) {}
    void start(const std::string&, Done done) override {
      if (++questions == 3) {
        control.stop();
      } else {
        done(std::vector{*Address::parse("10.0.0.1", 0)});
      }
    }
  };
  boost::asio::io_context control;
  int questions = 0;
  Resolver resolver(control, clock, std::make_unique<Counting>(control, questions));
  auto watch = resolver.watch("orders", 80, [](const Addresses&) {});

  control.run();

  EXPECT_EQ(questions, 3);
}

}  // namespace
}  // namespace sluice::net
