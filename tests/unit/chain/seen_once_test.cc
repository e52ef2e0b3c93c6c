// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/seen_once.h"

#include <gtest/gtest.h>

#include <atomic>
#include <random>
#include <stdexcept>
#include <thread>
#include <vector>

namespace sluice::chain::seen_once_test {
namespace {

using namespace std::chrono_literals;
using Answer = SeenOnce::Answer;

base::WallTime at(base::Duration d) { return base::WallTime(d); }

TEST(SeenOnce, KnowsWhatWasHereUntilItIsForgotten) {
  for (base::Duration begin :
       {base::Duration(0s), base::Duration(16777200s)}) {  // where seconds begin anew, too
    SeenOnce seen(100);
    EXPECT_EQ(seen.see(0x1234567890abcdef, at(begin), 600s), Answer::first);
    EXPECT_EQ(seen.see(0x1234567890abcdef, at(begin), 600s), Answer::seen);
    EXPECT_EQ(seen.see(0x2234567890abcdef, at(begin), 600s), Answer::first);
    EXPECT_EQ(seen.see(0x1234567890abcdef, at(begin + 600s), 600s), Answer::seen);
    EXPECT_EQ(seen.see(0x1234567890abcdef, at(begin + 601s), 600s), Answer::first);
  }
}

TEST(SeenOnce, KnowsWhatWasHereWhenTheClockIsSetBack) {
  SeenOnce seen(100);
  EXPECT_EQ(seen.see(0x1234567890abcdef, at(10'000s), 600s), Answer::first);
  EXPECT_EQ(seen.see(0x1234567890abcdef, at(9'000s), 600s), Answer::seen);
  EXPECT_EQ(seen.see(0x1234567890abcdef, at(10'600s), 600s), Answer::seen);
}

TEST(SeenOnce, TakesAsManyAsItIsMadeFor) {
  SeenOnce seen(10'000);
  std::mt19937_64 random(7);
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(seen.see(random(), at(1s), 600s), Answer::first);
}

TEST(SeenOnce, ForgetsNothingTooEarlyWhenItIsFull) {
  SeenOnce seen(4);
  std::vector<std::uint64_t> taken;
  std::mt19937_64 random(7);
  int full = 0;
  for (int i = 0; i < 100; ++i) {
    std::uint64_t hash = random();
    if (seen.see(hash, at(1s), 600s) == Answer::first) {
      taken.push_back(hash);
    } else {
      ++full;
    }
  }
  EXPECT_GT(full, 0);
  for (std::uint64_t hash : taken) EXPECT_EQ(seen.see(hash, at(600s), 600s), Answer::seen);
  EXPECT_EQ(seen.see(random(), at(700s), 600s), Answer::first);  // all are forgotten
}

TEST(SeenOnce, LetsOnlyOneOfManyThreadsBeTheFirst) {
  SeenOnce seen(10'000);
  std::vector<std::atomic<int>> counts(2000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&] {
      std::mt19937_64 random(11);
      for (auto& count : counts) count += seen.see(random(), at(1s), 600s) == Answer::first;
    });
  for (auto& t : threads) t.join();
  for (auto& count : counts) EXPECT_LE(count, 1);
}

TEST(SeenOnce, KnowsWhatWasHereBeforeItGrew) {
  SeenOnce seen(100);
  std::mt19937_64 before(7), again(7), more(8);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(seen.see(before(), at(1s), 600s), Answer::first);

  seen.grow(1000);
  seen.grow(10'000);
  seen.grow(10);  // nothing

  for (int i = 0; i < 50; ++i) EXPECT_EQ(seen.see(again(), at(600s), 600s), Answer::seen);
  for (int i = 0; i < 10'000; ++i) EXPECT_EQ(seen.see(more(), at(600s), 600s), Answer::first);
  std::mt19937_64 forgotten(7);
  for (int i = 0; i < 50; ++i) EXPECT_EQ(seen.see(forgotten(), at(602s), 600s), Answer::first);
}

TEST(SeenOnce, StaysAsItIsWhenItCannotGrow) {
  SeenOnce seen(100);
  EXPECT_EQ(seen.see(0x1234567890abcdef, at(1s), 600s), Answer::first);

  EXPECT_THROW(seen.grow(std::size_t{1} << 60), std::length_error);

  EXPECT_EQ(seen.see(0x1234567890abcdef, at(2s), 600s), Answer::seen);
  EXPECT_EQ(seen.see(0x2234567890abcdef, at(2s), 600s), Answer::first);
}

TEST(SeenOnce, LetsOnlyOneBeTheFirstWhileItGrows) {
  SeenOnce seen(2000);
  std::vector<std::atomic<int>> counts(2000);
  std::vector<std::thread> threads;
  for (int t = 0; t < 3; ++t)
    threads.emplace_back([&] {
      std::mt19937_64 random(11);
      for (auto& count : counts) count += seen.see(random(), at(1s), 600s) == Answer::first;
    });
  for (std::size_t most = 4000; most <= 64'000; most *= 2) seen.grow(most);
  for (auto& t : threads) t.join();
  for (auto& count : counts) EXPECT_LE(count, 1);
}

TEST(SeenOnce, RemembersForAsLongAsWasEverAskedFor) {
  SeenOnce seen(100);
  seen.keep_for(600s);
  seen.keep_for(20s);
  EXPECT_EQ(seen.see(0x1234567890abcdef, at(1000s), 20s), Answer::first);
  EXPECT_EQ(seen.see(0x1234567890abcdef, at(1600s), 20s), Answer::seen);
  EXPECT_EQ(seen.see(0x1234567890abcdef, at(1601s), 20s), Answer::first);
}

TEST(SeenOnce, TellsWhatItRemembersForLess) {
  SeenOnce seen(100);
  seen.keep_for(20s);
  seen.keep_for(60s);
  EXPECT_EQ(seen.shorter().until, base::WallTime()) << "nothing was seen yet";

  seen.see(1, at(1000s), 60s);
  seen.keep_for(60s);
  EXPECT_EQ(seen.shorter().until, base::WallTime()) << "it is as long as before";

  seen.keep_for(600s);
  EXPECT_EQ(seen.shorter().until, at(1002s));
  EXPECT_EQ(seen.shorter().keep, 60s);

  seen.see(2, at(1100s), 600s);
  seen.keep_for(700s);
  EXPECT_EQ(seen.shorter().until, at(1102s));
  EXPECT_EQ(seen.shorter().keep, 60s) << "some things are still remembered for that";

  seen.see(3, at(9000s), 700s);
  seen.keep_for(800s);
  EXPECT_EQ(seen.shorter().until, at(9002s));
  EXPECT_EQ(seen.shorter().keep, 700s);
}

TEST(SeenOnce, TellsWhatOthersRememberForLess) {
  SeenOnce seen(100);
  seen.keep_for(60s, at(500s));
  EXPECT_EQ(seen.shorter().until, base::WallTime()) << "nothing was remembered before";

  seen.see(1, at(1000s), 60s);
  seen.keep_for(60s, at(1050s));
  EXPECT_EQ(seen.shorter().until, base::WallTime()) << "it is as long as before";

  seen.keep_for(600s, at(1100s));
  EXPECT_EQ(seen.shorter().until, at(1102s));
  EXPECT_EQ(seen.shorter().keep, 60s);

  seen.keep_for(600s, at(1200s));
  EXPECT_EQ(seen.shorter().until, at(1102s)) << "it is as long as when that was said first";
}

TEST(SeenOnce, OfTheProcessIsOneWhateverNumberIsAskedFor) {
  SeenOnce& one = SeenOnce::of_process(100);
  EXPECT_EQ(one.see(0x5ee40ce000000001, at(1s), 600s), Answer::first);
  for (std::size_t most : {100u, 20'000u, 50u}) {
    EXPECT_EQ(&SeenOnce::of_process(most), &one);
    EXPECT_EQ(one.see(0x5ee40ce000000001, at(2s), 600s), Answer::seen) << most;
  }
}

}  // namespace
}  // namespace sluice::chain::seen_once_test
