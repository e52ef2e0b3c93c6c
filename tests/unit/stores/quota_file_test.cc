// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/quota_file.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <sstream>

namespace sluice::stores::quota_file_test {
namespace {

using namespace std::chrono_literals;
using testing::EndsWith;
using testing::HasSubstr;

class QuotaFileTest : public testing::Test {
 protected:
  QuotaFileTest() {
    std::string name = testing::TempDir() + "sluice-quotas-XXXXXX";
    directory_ = mkdtemp(name.data());
  }
  ~QuotaFileTest() override { std::filesystem::remove_all(directory_); }

  static void spend(QuotaBook& book, const std::string& key, std::int64_t cost = 1) {
    QuotaWant want;
    want.quotas[0] = {CalendarUnit::month, 1'000'000};
    want.periods[0] = {660, base::WallTime(1'799'000'000s), base::WallTime(1'801'000'000s)};
    want.size = 1;
    want.now = base::WallTime(1'800'000'000s);
    want.owner = "plan";
    want.key = key;
    want.cost = cost;
    EXPECT_TRUE(book.spend_now(want).allowed);
  }
  static std::uint64_t used(QuotaBook& book, const std::string& key) {
    auto found = book.of("plan", key, 1);
    return found.empty() ? 0 : found[0].states[1].in(660).used;
  }
  // What a process that starts now finds.
  std::shared_ptr<QuotaBook> read() {
    auto book = std::make_shared<QuotaBook>();
    auto file = QuotaFile::open(directory_, book);
    EXPECT_TRUE(file) << (file ? "" : file.error().detail);
    return book;
  }
  std::string path(const std::string& name = "quotas") const { return directory_ + "/" + name; }
  static std::string text(const std::string& path) {
    std::stringstream out;
    out << std::ifstream(path).rdbuf();
    return out.str();
  }
  static void write(const std::string& path, const std::string& text) { std::ofstream(path) << text; }

  std::string directory_;
};

TEST_F(QuotaFileTest, KeepsWhatWasSpentOverARestart) {
  {
    auto book = std::make_shared<QuotaBook>();
    auto file = QuotaFile::open(directory_, book);
    ASSERT_TRUE(file);
    spend(*book, "a", 3);
    spend(*book, "b");
  }
  auto book = read();
  EXPECT_EQ(used(*book, "a"), 3u);
  EXPECT_EQ(used(*book, "b"), 1u);
}

TEST_F(QuotaFileTest, HasOnTheDiskWhatWasFlushed) {
  auto book = std::make_shared<QuotaBook>();
  auto file = QuotaFile::open(directory_, book);
  ASSERT_TRUE(file);
  spend(*book, "a", 3);
  ASSERT_TRUE((*file)->flush());
  std::string killed = text(path());  // as a process that is killed now leaves it
  file->reset();

  write(path(), killed);
  EXPECT_EQ(used(*read(), "a"), 3u);
}

TEST_F(QuotaFileTest, IsUsedByOneProcessAtATime) {
  auto file = QuotaFile::open(directory_, std::make_shared<QuotaBook>());
  ASSERT_TRUE(file);
  auto second = QuotaFile::open(directory_, std::make_shared<QuotaBook>());
  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("in use by another process"));
}

// As after an upgrade that failed: the process went on counting without the file.
TEST_F(QuotaFileTest, TakesTheBooksWordForWhatWasSpentMeanwhile) {
  auto book = std::make_shared<QuotaBook>();
  {
    auto file = QuotaFile::open(directory_, book);
    ASSERT_TRUE(file);
    spend(*book, "a", 3);
  }
  spend(*book, "a", 4);

  {
    auto again = QuotaFile::open(directory_, book, QuotaFile::Known::book);
    ASSERT_TRUE(again);
    EXPECT_EQ(used(*book, "a"), 7u);
  }
  EXPECT_EQ(used(*read(), "a"), 7u);
}

TEST_F(QuotaFileTest, MakesItsDirectoryButNotTheParent) {
  EXPECT_TRUE(QuotaFile::open(directory_ + "/state", std::make_shared<QuotaBook>()));
  auto orphan = QuotaFile::open(directory_ + "/no/such", std::make_shared<QuotaBook>());
  ASSERT_FALSE(orphan);
  EXPECT_THAT(orphan.error().detail, HasSubstr("/no/such cannot be made: No such file or directory"));
}

TEST_F(QuotaFileTest, KeepsADamagedFileAndUsesWhatIsGoodOfIt) {
  {
    auto book = std::make_shared<QuotaBook>();
    auto file = QuotaFile::open(directory_, book);
    spend(*book, "a", 3);
    (*file)->flush();
    spend(*book, "b", 4);
  }
  std::string good = text(path());
  std::string damaged = good;
  damaged[good.find('\n') + 5] ^= 1;
  write(path(), damaged);

  testing::internal::CaptureStderr();
  auto book = read();
  std::string log = testing::internal::GetCapturedStderr();

  EXPECT_EQ(used(*book, "a") + used(*book, "b"), 4u);
  EXPECT_EQ(text(path("quotas.damaged-1")), damaged);
  EXPECT_THAT(log, HasSubstr(path() + " is damaged (1 lines, the first one is line 2): it is kept as " +
                             path("quotas.damaged-1")));
  // What was written instead is good.
  testing::internal::CaptureStderr();
  read();
  EXPECT_EQ(testing::internal::GetCapturedStderr(), "");
}

TEST_F(QuotaFileTest, KeepsEveryDamagedFile) {
  for (const char* name : {"quotas.damaged-1", "quotas.damaged-2"}) {
    write(path(), "no quotas\n");
    testing::internal::CaptureStderr();
    EXPECT_EQ(read()->size(), 0u);
    EXPECT_THAT(testing::internal::GetCapturedStderr(), HasSubstr(name));
    EXPECT_EQ(text(path(name)), "no quotas\n");
  }
}

TEST_F(QuotaFileTest, WritesItselfAnewWhenMostOfItIsOutOfDate) {
  auto book = std::make_shared<QuotaBook>();
  auto file = QuotaFile::open(directory_, book);
  ASSERT_TRUE(file);
  for (int round = 0; round < 10; ++round) {
    for (int i = 0; i < 2000; ++i) spend(*book, std::string(100, 'x') + std::to_string(i));
    ASSERT_TRUE((*file)->flush());
    ASSERT_LE(std::filesystem::file_size(path()), 1u << 20) << round;  // of 3 MiB that were written
  }
  file->reset();
  EXPECT_EQ(used(*read(), std::string(100, 'x') + "7"), 10u);
}

TEST_F(QuotaFileTest, LeavesNothingHalfWritten) {
  auto book = std::make_shared<QuotaBook>();
  auto file = QuotaFile::open(directory_, book);
  spend(*book, "a");
  file->reset();
  EXPECT_FALSE(std::filesystem::exists(path("quotas.new")));
  EXPECT_THAT(text(path()), EndsWith("\n"));
}

TEST_F(QuotaFileTest, SaysOnceThatTheDiskFailsAndGoesOnWhenItIsBack) {
  auto book = std::make_shared<QuotaBook>();
  auto file = QuotaFile::open(directory_ + "/state", book);
  ASSERT_TRUE(file);
  std::filesystem::rename(directory_ + "/state", directory_ + "/away");
  testing::internal::CaptureStderr();
  for (int i = 0; i < 20'000; ++i) spend(*book, std::to_string(i) + std::string(80, 'k'));
  EXPECT_FALSE((*file)->flush());
  EXPECT_FALSE((*file)->flush());
  std::string log = testing::internal::GetCapturedStderr();
  EXPECT_THAT(log, HasSubstr("quotas are not kept at present: "));
  EXPECT_EQ(log.find("not kept"), log.rfind("not kept"));

  std::filesystem::rename(directory_ + "/away", directory_ + "/state");
  EXPECT_TRUE((*file)->flush());
  file->reset();
  auto again = std::make_shared<QuotaBook>();
  ASSERT_TRUE(QuotaFile::open(directory_ + "/state", again));
  EXPECT_EQ(again->size(), 20'000u);
}

}  // namespace
}  // namespace sluice::stores::quota_file_test
