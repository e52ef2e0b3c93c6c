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

namespace sluice::net::resolver_test {
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
    return [this](const Answer& a) { told_.push_back(text(a)); };
  }
  static std::string text(const Answer& answer) {
    if (!answer.good()) return (answer.none ? "none: " : "failed: ") + answer.addresses.error().detail;
    std::string out;
    for (const Address& a : *answer.addresses) out += (out.empty() ? "" : " ") + a.text();
    for (const ServicePlace& p : answer.places)
      out += (out.empty() ? "" : " ") + p.host + ":" + std::to_string(p.port);
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

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:80 10.0.0.2:80", "10.0.0.1:80 10.0.0.2:80"));
  EXPECT_THAT(log_, IsEmpty());
}

TEST_F(ResolverTest, KeepsTheLastGoodAnswerAndComplainsOnceWhileLookupsFail) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto watch = names_.resolver().watch("orders", 80, note());
  names_.answer();

  names_.lookup().fails("orders", "no such host");
  for (int i = 0; i < 10; ++i) names_.pass(kLongest);

  EXPECT_EQ(told_.size(), 11u);
  EXPECT_EQ(told_.back(), "failed: no such host");
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
  first = names_.resolver().watch("orders", 80, [&](const Answer&) {
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
    void start(const std::string&, Asked, Done d) override { done = std::move(d); }
  };
  Lookup::Done done;
  std::optional<Resolver> resolver(std::in_place, control, clock, std::make_unique<Late>(done));
  auto watch = resolver->watch("orders", 80, note());

  resolver.reset();
  done({std::vector{*Address::parse("10.0.0.1", 0)}});
  watch.reset();

  EXPECT_THAT(told_, IsEmpty());
}

TEST_F(ResolverTest, GoesByTheTimeThatAnAnswerIsGoodWithinBounds) {
  struct {
    base::Duration ttl, soonest, latest;
  } cases[] = {{0s, 1s, 1100ms}, {5s, 4500ms, 5500ms}, {1h, 27s, 33s}};
  for (const auto& c : cases) {
    std::string host = "host" + std::to_string(c.ttl.count());
    names_.lookup().resolves(host, {"10.0.0.1"}, c.ttl);
    auto watch = names_.resolver().watch(host, 80, note());
    names_.answer();
    auto asked = questions();

    names_.pass(c.soonest - 1ns);
    EXPECT_EQ(questions(), asked) << "too soon";
    names_.pass(c.latest - c.soonest + 1ns);
    EXPECT_EQ(questions(), asked + 1) << "too late";
  }
}

TEST_F(ResolverTest, TellsEachTimeThatANameStandsForNothingAndRemembersWhatItDid) {
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto watch = names_.resolver().watch("orders", 80, note());
  names_.answer();
  names_.lookup().knows_none("orders");
  names_.pass(kLongest);
  names_.pass(2s);

  EXPECT_THAT(told_, ElementsAre("10.0.0.1:80", "none: no such name", "none: no such name"));
  EXPECT_THAT(log_, ElementsAre("warning: host orders: cannot be resolved: no such name, keeping 10.0.0.1"));
  told_.clear();
  auto late = names_.resolver().watch("orders", 81, note());
  EXPECT_THAT(told_, ElementsAre("10.0.0.1:81", "none: no such name"));
  names_.clock().advance(Resolver::kRemembered);
  told_.clear();
  auto later = names_.resolver().watch("orders", 82, note());
  EXPECT_THAT(told_, ElementsAre("none: no such name"));
}

TEST_F(ResolverTest, KeepsTheAddressesOfAFamilyWhoseQuestionFailed) {
  names_.lookup().resolves("orders", {"10.0.0.1", "2001:db8::1"});
  auto watch = names_.resolver().watch("orders", 80, note());
  names_.answer();
  Answer half{std::vector{*Address::parse("10.0.0.2", 0)}};
  half.unknown_family = AF_INET6;
  names_.lookup().answers("orders", half);

  names_.pass(kLongest);

  EXPECT_EQ(told_.back(), "10.0.0.2:80 [2001:db8::1]:80");
}

TEST_F(ResolverTest, FollowsAServiceToItsPlaces) {
  names_.lookup().places("_http._tcp.orders", {{"a", 80, 0, 1}, {"b", 81, 0, 1}}, 1s);
  auto watch = names_.resolver().watch_service("_http._tcp.orders", note());
  names_.answer();
  names_.lookup().places("_http._tcp.orders", {{"b", 81, 0, 1}}, 1s);
  names_.pass(2s);
  auto late = names_.resolver().watch_service("_http._tcp.orders", note());

  EXPECT_THAT(told_, ElementsAre("a:80 b:81", "b:81", "b:81"));
  EXPECT_THAT(log_, ElementsAre("info: service _http._tcp.orders: a:80, b:81 -> b:81"));
}

TEST_F(ResolverTest, ReportsEveryLookup) {
  std::vector<bool> good;
  names_.resolver().on_lookup([&](const Answer& a, base::Duration) { good.push_back(a.good()); });
  names_.lookup().resolves("orders", {"10.0.0.1"});
  auto first = names_.resolver().watch("orders", 80, note());
  auto second = names_.resolver().watch("nowhere", 80, note());

  names_.answer();

  EXPECT_THAT(good, ElementsAre(true, false));
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
    void start(const std::string&, Asked, Done done) override {
      if (++questions == 3) {
        control.stop();
      } else {
        done({std::vector{*Address::parse("10.0.0.1", 0)}});
      }
    }
  };
  boost::asio::io_context control;
  int questions = 0;
  Resolver resolver(control, clock, std::make_unique<Counting>(control, questions));
  auto watch = resolver.watch("orders", 80, [](const Answer&) {});

  control.run();

  EXPECT_EQ(questions, 3);
}

}  // namespace
}  // namespace sluice::net::resolver_test
