// SPDX-License-Identifier: Apache-2.0
#include "gateway/observe/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <thread>

#include "gateway/base/log.h"

#include "tests/unit/observe/temporary.h"

namespace sluice::observe::access_log_test {
namespace {

using namespace config::literals;
using namespace std::chrono_literals;
using testing::HasSubstr;

AccessRecord record(std::string_view request_id) {
  AccessRecord r;
  r.request_id = request_id;
  r.path = "/";
  r.status = 200;
  return r;
}

AccessLogConfig to(std::string path) {
  AccessLogConfig config;
  config.to = std::move(path);
  config.buffer = 64_KiB;
  return config;
}

std::size_t lines(const std::string& text) {
  return static_cast<std::size_t>(std::count(text.begin(), text.end(), '\n'));
}

TEST(AccessLog, HasWrittenEverythingWhenItIsStopped) {
  TemporaryDirectory directory;
  {
    AccessLog log(to(directory / "access.log"), 2);
    ASSERT_TRUE(log.start());
    log.lane(0).write(record("one"));
    log.lane(1).write(record("two"));
    log.lane(0).write(record("three"));
    log.stop();
    EXPECT_EQ(log.dropped(), 0u);
  }
  auto text = content(directory / "access.log");
  EXPECT_EQ(lines(text), 3u);
  for (auto id : {"one", "two", "three"})
    EXPECT_THAT(text, HasSubstr("\"request_id\":\"" + std::string(id) + "\""));
}

TEST(AccessLog, LeavesOutWhatIsNotWanted) {
  TemporaryDirectory directory;
  auto config = to(directory / "access.log");
  config.when = std::get<LogCondition>(LogCondition::compile("request_id == \"two\""));
  AccessLog log(config, 1);
  ASSERT_TRUE(log.start());

  for (auto id : {"one", "two", "three"}) log.lane(0).write(record(id));
  log.stop();

  EXPECT_THAT(content(directory / "access.log"), HasSubstr("\"two\""));
  EXPECT_EQ(lines(content(directory / "access.log")), 1u);
  EXPECT_EQ(log.dropped(), 0u);
}

TEST(AccessLog, SaysWhyItCannotStart) {
  AccessLog log(to("/no/such/directory/access.log"), 1);

  auto started = log.start();

  ASSERT_FALSE(started);
  EXPECT_THAT(started.error().detail, HasSubstr("/no/such/directory/access.log"));
}

TEST(AccessLog, KeepsLinesOfManyWorkersWhole) {
  constexpr int kLines = 5'000;
  constexpr unsigned kWorkers = 3;
  TemporaryDirectory directory;
  auto config = to(directory / "access.log");
  config.format = LogFormat::logfmt;
  config.buffer = 4_MiB;
  AccessLog log(config, kWorkers);
  ASSERT_TRUE(log.start());

  std::vector<std::thread> workers;
  for (unsigned w = 0; w < kWorkers; ++w)
    workers.emplace_back([&, w] {
      for (int i = 0; i < kLines; ++i) log.lane(w).write(record(std::to_string(w) + "-" + std::to_string(i)));
    });
  for (auto& worker : workers) worker.join();
  log.stop();

  ASSERT_EQ(log.dropped(), 0u);
  std::ifstream file(directory / "access.log");
  std::vector<int> next(kWorkers);
  for (std::string line; std::getline(file, line);) {
    ASSERT_TRUE(line.starts_with("time=1970-01-01T00:00:00.000Z request_id=")) << line;
    ASSERT_TRUE(line.ends_with("config_hash=\"\"")) << line;
    auto id = line.substr(line.find("request_id=") + 11);
    auto worker = static_cast<std::size_t>(id[0] - '0');
    EXPECT_EQ(std::stoi(id.substr(2)), next.at(worker)++);
  }
  EXPECT_EQ(next, std::vector<int>(kWorkers, kLines));
}

TEST(AccessLog, DropsAndCountsWhatADeadSinkDoesNotTake) {
  PipedStdout out;
  AccessLog log(to("stdout"), 1);
  ASSERT_TRUE(log.start());
  base::set_log_sink([](base::Level, std::string_view) {});

  constexpr std::size_t kLines = 2'000;
  for (std::size_t i = 0; i < kLines; ++i) log.lane(0).write(record(std::to_string(i)));
  EXPECT_GT(log.dropped(), 0u);
  log.stop(0ms);
  out.restore();
  base::set_log_sink(nullptr);

  std::string text;
  for (std::string piece; !(piece = out.read(1 << 16)).empty();) text += piece;
  EXPECT_EQ(lines(text) + log.dropped(), kLines);
}

TEST(AccessLog, OutlivesTheReaderOfItsPipe) {
  PipedStdout out;
  AccessLog log(to("stdout"), 1);
  ASSERT_TRUE(log.start());
  std::vector<std::string> said;
  base::set_log_sink([&](base::Level, std::string_view text) { said.emplace_back(text); });
  out.close_reader();

  log.lane(0).write(record("one"));
  log.stop(0ms);
  out.restore();
  base::set_log_sink(nullptr);

  EXPECT_EQ(log.dropped(), 1u);
  EXPECT_THAT(said, testing::Contains(HasSubstr("cannot write to stdout: Broken pipe")));
}

TEST(AccessLog, WritesNothingBeforeItStartsButForgetsNothing) {
  TemporaryDirectory directory;
  AccessLog log(to(directory / "access.log"), 1);
  log.lane(0).write(record("early"));
  EXPECT_FALSE(std::filesystem::exists(directory / "access.log"));

  ASSERT_TRUE(log.start());
  log.stop();

  EXPECT_THAT(content(directory / "access.log"), HasSubstr("early"));
}

TEST(AccessLog, TakesALineThatIsLongerThanARingPageAndDropsOneThatIsLongerThanTheRing) {
  TemporaryDirectory directory;
  auto config = to(directory / "access.log");
  config.buffer = 4_KiB;
  AccessLog log(config, 1);
  std::string long_path(3'000, 'x'), control(4'000, '\x01');
  auto r = record("fits");
  r.path = long_path;
  log.lane(0).write(r);
  r.path = control;
  log.lane(0).write(r);

  ASSERT_TRUE(log.start());
  log.stop();

  EXPECT_EQ(log.dropped(), 1u);
  EXPECT_EQ(lines(content(directory / "access.log")), 1u);
}

}  // namespace
}  // namespace sluice::observe::access_log_test
