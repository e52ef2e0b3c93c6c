// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/log_writer.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/resource.h>

#include <condition_variable>
#include <mutex>
#include <thread>

#include "gateway/base/log.h"

#include "tests/unit/observe/temporary.h"

namespace sluice::observe::log_writer_test {
namespace {

using namespace config::literals;
using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

// Waits for lines of the gateway's own log: the writer's steps, seen from outside.
class Overheard {
 public:
  Overheard() {
    base::set_log_sink([this](base::Level, std::string_view text) {
      std::lock_guard lock(mutex_);
      lines_.emplace_back(text);
      changed_.notify_all();
    });
  }
  Overheard(const Overheard&) = delete;
  Overheard& operator=(const Overheard&) = delete;
  ~Overheard() { base::set_log_sink(nullptr); }

  bool hears(std::string_view part) {
    std::unique_lock lock(mutex_);
    return changed_.wait_for(lock, 30s, [&] { return count(part) > 0; });
  }
  std::size_t times(std::string_view part) {
    std::lock_guard lock(mutex_);
    return count(part);
  }

 private:
  std::size_t count(std::string_view part) const {
    return static_cast<std::size_t>(std::count_if(lines_.begin(), lines_.end(), [&](const std::string& line) {
      return line.find(part) != std::string::npos;
    }));
  }
  std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<std::string> lines_;
};

AccessLogConfig to(std::string path) {
  AccessLogConfig config;
  config.to = std::move(path);
  config.format = LogFormat::combined;
  config.buffer = 64_KiB;
  return config;
}

AccessRecord record(std::string_view agent) {
  AccessRecord r;
  r.user_agent = agent;
  return r;
}

// The rotation of a log that is a symbolic link: what it points at is another disk, so to say.
void point(const std::string& link, const std::string& at) {
  std::filesystem::remove(link);
  std::filesystem::create_symlink(at, link);
}

TEST(LogWriter, GoesOnInANewFileAfterRotation) {
  TemporaryDirectory directory;
  Overheard overheard;
  AccessLog log(to(directory / "access.log"), 1);
  ASSERT_TRUE(log.start());
  log.lane(0).write(record("before"));
  std::filesystem::rename(directory / "access.log", directory / "access.log.1");

  log.reopen();
  ASSERT_TRUE(overheard.hears("opened"));
  log.lane(0).write(record("after"));
  log.stop();

  EXPECT_THAT(content(directory / "access.log.1"), HasSubstr("before"));
  EXPECT_THAT(content(directory / "access.log.1"), Not(HasSubstr("after")));
  EXPECT_THAT(content(directory / "access.log"), HasSubstr("after"));
  EXPECT_THAT(content(directory / "access.log"), Not(HasSubstr("before")));
}

TEST(LogWriter, KeepsTheOldFileWhenTheNewOneCannotBeOpened) {
  TemporaryDirectory directory;
  std::filesystem::create_directory(directory / "logs");
  Overheard overheard;
  AccessLog log(to(directory / "logs/access.log"), 1);
  ASSERT_TRUE(log.start());
  std::filesystem::rename(directory / "logs", directory / "moved");

  log.reopen();
  ASSERT_TRUE(overheard.hears("keeps writing to the file opened before"));
  log.lane(0).write(record("after"));
  log.stop();

  EXPECT_THAT(content(directory / "moved/access.log"), HasSubstr("after"));
}

TEST(LogWriter, SaysOnceThatTheDiskIsFullAndThatItIsNoMore) {
  TemporaryDirectory directory;
  point(directory / "access.log", "/dev/full");
  Overheard overheard;
  AccessLog log(to(directory / "access.log"), 1);
  ASSERT_TRUE(log.start());

  log.lane(0).write(record("one"));
  ASSERT_TRUE(overheard.hears("cannot write to " + directory / "access.log" + ": No space left on device"));
  for (int i = 0; i < 5'000; ++i) log.lane(0).write(record("many"));
  EXPECT_GT(log.dropped(), 0u);
  point(directory / "access.log", directory / "roomy.log");
  log.reopen();
  ASSERT_TRUE(overheard.hears("lines were lost in all"));
  log.stop();

  EXPECT_EQ(overheard.times("cannot write"), 1u);
  EXPECT_EQ(overheard.times("lines were lost in all"), 1u);
  EXPECT_THAT(content(directory / "roomy.log"), HasSubstr("one"));
}

TEST(LogWriter, FinishesALineThatWasWrittenInPart) {
  TemporaryDirectory directory;
  Overheard overheard;
  AccessLog log(to(directory / "access.log"), 2);
  // The file may grow to the middle of the second line only; the signal that says so is blocked in the
  // writer.
  log.lane(0).write(record("first"));
  log.lane(0).write(record("second"));
  log.lane(1).write(record("third"));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 100;
  setrlimit(RLIMIT_FSIZE, &small);

  ASSERT_TRUE(log.start());
  ASSERT_TRUE(overheard.hears("cannot write"));
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_TRUE(overheard.hears("lines were lost in all"));
  log.stop();

  std::ifstream file(directory / "access.log");
  std::vector<std::string> lines;
  for (std::string line; std::getline(file, line);) lines.push_back(line);
  EXPECT_THAT(lines,
              testing::UnorderedElementsAre(testing::EndsWith("\"first\""), testing::EndsWith("\"second\""),
                                            testing::EndsWith("\"third\"")));
  EXPECT_EQ(log.dropped(), 0u);
}

TEST(LogWriter, DoesNotBeginANewFileWithTheRestOfALine) {
  TemporaryDirectory directory;
  Overheard overheard;
  AccessLog log(to(directory / "access.log"), 1);
  log.lane(0).write(record("first"));
  log.lane(0).write(record("second"));
  log.lane(0).write(record("third"));
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  rlimit small = before;
  small.rlim_cur = 100;
  setrlimit(RLIMIT_FSIZE, &small);
  ASSERT_TRUE(log.start());
  ASSERT_TRUE(overheard.hears("cannot write"));
  std::filesystem::rename(directory / "access.log", directory / "access.log.1");

  log.reopen();
  ASSERT_TRUE(overheard.hears("opened"));
  setrlimit(RLIMIT_FSIZE, &before);
  log.stop();

  EXPECT_EQ(content(directory / "access.log"),
            "- - - [01/Jan/1970:00:00:00 +0000] \"- - -\" 0 0 \"-\" \"third\"\n");
  EXPECT_EQ(log.dropped(), 1u);
}

TEST(LogWriter, TellsThatTheSinkDoesNotKeepUp) {
  TemporaryDirectory directory;
  Overheard overheard;
  AccessLog log(to(directory / "access.log"), 1);
  for (int i = 0; i < 5'000; ++i) log.lane(0).write(record("too many before the writer runs"));
  auto dropped = log.dropped();
  ASSERT_GT(dropped, 0u);

  ASSERT_TRUE(log.start());
  ASSERT_TRUE(overheard.hears(std::to_string(dropped) + " lines were dropped so far"));
  log.stop();

  EXPECT_EQ(overheard.times("does not keep up"), 1u);
}

}  // namespace
}  // namespace sluice::observe::log_writer_test
