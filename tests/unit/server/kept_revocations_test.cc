// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/kept_revocations.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "tests/support/temporary_directory.h"

namespace sluice::server::kept_revocations_test {
namespace {

using namespace std::chrono_literals;
using Kind = admin::Revoked::Kind;
using testing::HasSubstr;

constexpr base::WallTime kNow{1'800'000'000s};

// One process after another, or beside it.
struct Process {
  chain::Revocations revocations;
  KeptRevocations kept{revocations};
  bool revoked(std::string_view jti) const { return revocations.revoked(0, {"i", jti, "s", kNow}); }
  Kind revoke(std::string jti, base::Duration lasts = 1h) {
    return kept.revoke({"i", std::move(jti), "", {}, kNow + lasts}, kNow).kind;
  }
  base::Result<void> keep_in(const std::string& directory, base::WallTime now = kNow) {
    return kept.keep_in(directory, now);
  }
};

class KeptRevocationsTest : public testing::Test {
 protected:
  std::string state() const { return directory_ / "state"; }
  std::string file() const { return directory_ / "state/revocations"; }
  test::TemporaryDirectory directory_;
};

TEST_F(KeptRevocationsTest, AreInForceAfterARestart) {
  auto first = std::make_unique<Process>();
  ASSERT_TRUE(first->keep_in(state()));
  EXPECT_EQ(first->revoke("a"), Kind::done);
  EXPECT_EQ(first->revoke("b"), Kind::done);
  EXPECT_TRUE(std::filesystem::exists(file())) << "before the process ends";
  first.reset();

  Process second;
  ASSERT_TRUE(second.keep_in(state()));

  EXPECT_TRUE(second.revoked("a"));
  EXPECT_TRUE(second.revoked("b"));
  EXPECT_FALSE(second.revoked("c"));
}

TEST_F(KeptRevocationsTest, AreForgottenOnceTheyAreOver) {
  auto first = std::make_unique<Process>();
  ASSERT_TRUE(first->keep_in(state()));
  first->revoke("short", 1min);
  first->revoke("long", 2h);
  first.reset();

  Process second;
  ASSERT_TRUE(second.keep_in(state(), kNow + 1h + chain::Revocations::kLonger));

  EXPECT_EQ(second.revocations.size(), 1u);
  EXPECT_TRUE(second.revoked("long"));
}

TEST_F(KeptRevocationsTest, AreInForceAfterARestartWhileTheClockWasAhead) {
  auto first = std::make_unique<Process>();
  ASSERT_TRUE(first->keep_in(state()));
  first->revoke("a");
  first.reset();

  auto ahead = std::make_unique<Process>();
  ASSERT_TRUE(ahead->keep_in(state(), kNow + 5h));
  EXPECT_TRUE(ahead->revoked("a"));
  ahead.reset();
  Process after;
  ASSERT_TRUE(after.keep_in(state()));

  EXPECT_TRUE(after.revoked("a"));
}

TEST_F(KeptRevocationsTest, AreInMemoryAloneWithoutADirectory) {
  Process process;
  ASSERT_TRUE(process.keep_in(""));
  EXPECT_EQ(process.revoke("a"), Kind::done);
  EXPECT_TRUE(process.revoked("a"));
  EXPECT_EQ(process.kept.kept_in(), "");
}

TEST_F(KeptRevocationsTest, ThatCanBeReadCountAlthoughTheFileIsDamaged) {
  {
    Process first;
    ASSERT_TRUE(first.keep_in(state()));
    first.revoke("a");
  }
  std::ofstream(file(), std::ios::app) << "0123 something else\n";
  testing::internal::CaptureStderr();

  Process second;
  ASSERT_TRUE(second.keep_in(state()));

  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("it is kept as " + file() + ".damaged-1"));
  EXPECT_TRUE(second.revoked("a"));
}

TEST_F(KeptRevocationsTest, AreInForceAlthoughTheDiskFailsWhichIsSaid) {
  Process process;
  ASSERT_TRUE(process.keep_in(state()));
  std::filesystem::remove_all(state());
  testing::internal::CaptureStderr();

  // As many as make the file be written anew.
  Kind kind = Kind::done;
  for (int i = 0; i < 5000 && kind == Kind::done; ++i)
    kind = process.revoke(std::string(300, 'x') + std::to_string(i));

  EXPECT_EQ(kind, Kind::not_kept);
  EXPECT_EQ(process.revoke("last"), Kind::not_kept);
  EXPECT_TRUE(process.revoked("last"));
  EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr("is not kept"));

  std::filesystem::create_directory(state());
  EXPECT_EQ(process.revoke("again"), Kind::done);
}

TEST_F(KeptRevocationsTest, GoOverToTheProcessThatTakesThePlace) {
  Process old, fresh;
  ASSERT_TRUE(old.keep_in(state()));
  old.revoke("a");

  fresh.kept.take_over(old.kept.hand_over(kNow), kNow);
  ASSERT_TRUE(fresh.keep_in(state())) << "the place is free";
  fresh.revoke("b");

  EXPECT_TRUE(fresh.revoked("a"));
  EXPECT_FALSE(old.kept.take_back(kNow)) << "it is the other one's";
}

TEST_F(KeptRevocationsTest, ComeBackFromAProcessThatCouldNotTakeThePlace) {
  Process old;
  ASSERT_TRUE(old.keep_in(state()));
  {
    Process fresh;
    fresh.kept.take_over(old.kept.hand_over(kNow), kNow);
    EXPECT_TRUE(old.keep_in(state())) << "a reload meanwhile does not take it";
    ASSERT_TRUE(fresh.keep_in(state()));
    fresh.revoke("b");
  }

  ASSERT_TRUE(old.kept.take_back(kNow));

  EXPECT_EQ(old.kept.kept_in(), state());
  EXPECT_TRUE(old.revoked("b"));
}

TEST_F(KeptRevocationsTest, GoOverWithoutADirectoryToo) {
  Process old, fresh;
  old.revoke("a");

  fresh.kept.take_over(old.kept.hand_over(kNow), kNow);

  EXPECT_TRUE(fresh.revoked("a"));
}

}  // namespace
}  // namespace sluice::server::kept_revocations_test
