// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/password_checks.h"

#include <gtest/gtest.h>

#include <optional>

#include "gateway/base/job.h"
#include "gateway/net/crypto_threads.h"

namespace sluice::chain::password_checks_test {
namespace {

using Result = PasswordChecks::Result;

constexpr const char* kSecret = "$2y$04$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1bq";

class PasswordChecksTest : public testing::Test {
 protected:
  // An answer that comes soon or later.
  struct Asked {
    std::optional<Result> result;
  };
  static base::Task<void> ask(PasswordChecks& checks, net::Loop& loop, std::string user, std::string password,
                              std::shared_ptr<Asked> out, const char* hash) {
    auto checking = checks.check(loop, 0, user, password, hash);
    out->result = co_await checking;
  }
  std::shared_ptr<Asked> ask(std::string user, std::string password, const char* hash = kSecret) {
    auto out = std::make_shared<Asked>();
    base::spawn(scope, ask(checks, loop, std::move(user), std::move(password), out, hash));
    return out;
  }
  void await(const std::shared_ptr<Asked>& asked) {
    for (int i = 0; i < 1000 && !asked->result; ++i) loop.run_once(std::chrono::milliseconds(10));
  }
  Result answer(std::string user, std::string password) {
    auto asked = ask(std::move(user), std::move(password));
    await(asked);
    return asked->result.value_or(Result::busy);
  }

  base::VirtualClock clock;
  net::Loop loop{clock};
  net::CryptoThreads threads{1};
  PasswordChecks checks{1, &threads};
  base::Scope scope;
};

TEST_F(PasswordChecksTest, CompareElsewhere) {
  auto asked = ask("acme", "secret");
  EXPECT_FALSE(asked->result);
  await(asked);
  EXPECT_EQ(asked->result, Result::good);
  EXPECT_EQ(answer("acme", "wrong"), Result::bad);
}

TEST_F(PasswordChecksTest, RememberForAMinute) {
  answer("acme", "secret");
  answer("acme", "wrong");

  EXPECT_EQ(ask("acme", "secret")->result, Result::good);
  EXPECT_EQ(ask("acme", "wrong")->result, Result::bad);
  EXPECT_FALSE(ask("other", "secret")->result) << "of another user nothing is known";
  EXPECT_FALSE(ask("acme", "secret", "$2y$04$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1br")->result)
      << "nor of a password that was changed";

  clock.advance(PasswordChecks::kKept + std::chrono::seconds(1));
  loop.run_once(base::Duration{});
  EXPECT_FALSE(ask("acme", "secret")->result);
  scope.cancel(base::Reason::client_closed);
  loop.run_once(base::Duration{});
}

TEST_F(PasswordChecksTest, ComputeOnceForAllWhoAsk) {
  std::vector<std::shared_ptr<Asked>> all;
  for (std::size_t i = 0; i < 2 * PasswordChecks::kMostUnderWay; ++i) all.push_back(ask("acme", "secret"));
  for (const auto& asked : all) await(asked);
  for (const auto& asked : all) EXPECT_EQ(asked->result, Result::good);
}

TEST_F(PasswordChecksTest, AreBusyWhenOneUserGuesses) {
  std::vector<std::shared_ptr<Asked>> all;
  for (std::size_t i = 0; i <= PasswordChecks::kMostOfOneUser; ++i)
    all.push_back(ask("acme", "guess " + std::to_string(i)));
  EXPECT_EQ(all.back()->result, Result::busy);
  auto other = ask("other", "secret");
  EXPECT_FALSE(other->result) << "the others are served";
  await(other);
  EXPECT_EQ(other->result, Result::good);
  for (const auto& asked : all) await(asked);
}

TEST_F(PasswordChecksTest, AreBusyWhenEverybodyAsks) {
  std::vector<std::shared_ptr<Asked>> all;
  for (std::size_t i = 0; i <= PasswordChecks::kMostUnderWay; ++i)
    all.push_back(ask("user " + std::to_string(i), "x"));
  EXPECT_EQ(all.back()->result, Result::busy);
  for (const auto& asked : all) await(asked);
  EXPECT_EQ(answer("late", "secret"), Result::good);
}

TEST_F(PasswordChecksTest, ForgetWhoLeft) {
  auto asked = ask("acme", "secret");
  scope.cancel(base::Reason::client_closed);
  loop.run_once(base::Duration{});
  EXPECT_EQ(asked->result, Result::busy);
  scope.reset(nullptr);
  EXPECT_EQ(answer("acme", "secret"), Result::good);
}

TEST_F(PasswordChecksTest, MayEndWhileSomethingIsComputed) {
  {
    PasswordChecks gone(1, &threads);
    auto asked = std::make_shared<Asked>();
    base::spawn(scope, ask(gone, loop, "acme", "secret", asked, kSecret));
    scope.cancel(base::Reason::client_closed);
    loop.run_once(base::Duration{});
    EXPECT_EQ(asked->result, Result::busy);
  }
  scope.reset(nullptr);
  EXPECT_EQ(answer("acme", "secret"), Result::good);
}

TEST_F(PasswordChecksTest, AreBusyWhereNothingIsServed) {
  PasswordChecks none(1, nullptr);
  auto asked = std::make_shared<Asked>();
  base::spawn(scope, ask(none, loop, "acme", "secret", asked, kSecret));
  EXPECT_EQ(asked->result, Result::busy);
}

}  // namespace
}  // namespace sluice::chain::password_checks_test
