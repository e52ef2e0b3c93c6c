// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <utility>
#include <vector>

namespace sluice::base::log_test {
namespace {

using testing::MatchesRegex;

class Log : public testing::Test {
 protected:
  ~Log() override {
    set_log_sink(nullptr);
    set_log_level(Level::info);
  }

  // What is written to standard error while `act` runs.
  template <class Act>
  static std::string written(Act act) {
    testing::internal::CaptureStderr();
    act();
    return testing::internal::GetCapturedStderr();
  }
};

TEST_F(Log, WritesOneLineWithTimeAndLevel) {
  EXPECT_THAT(
      written([] { log(Level::warning, "no route"); }),
      MatchesRegex("[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\\.[0-9]{3}Z warning no route\n"));
}

TEST_F(Log, KeepsInputFromForgingALineOrATerminalCommand) {
  auto line = written([] { log(Level::info, "path /a\nerror all is lost\x1b[2J\r"); });

  EXPECT_THAT(line, testing::EndsWith("info path /a\\nerror all is lost\\x1b[2J\\x0d\n"));
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
}

TEST_F(Log, LeavesOutWhatIsBelowTheLevel) {
  EXPECT_EQ(written([] { log(Level::debug, "detail"); }), "");
  set_log_level(Level::debug);
  EXPECT_NE(written([] { log(Level::debug, "detail"); }), "");
  set_log_level(Level::error);
  EXPECT_EQ(written([] { log(Level::warning, "odd"); }), "");
}

TEST_F(Log, HandsLinesToASinkInsteadOfStandardError) {
  std::vector<std::pair<Level, std::string>> lines;
  set_log_sink([&](Level level, std::string_view text) { lines.emplace_back(level, text); });
  auto on_stderr = written([] { log(Level::error, "bad"); });

  EXPECT_EQ(on_stderr, "");
  EXPECT_EQ(lines, (std::vector<std::pair<Level, std::string>>{{Level::error, "bad"}}));
}

TEST_F(Log, OutlivesASinkThatThrows) {
  set_log_sink([](Level, std::string_view) { throw 1; });

  EXPECT_NO_THROW(log(Level::error, "bad"));
}

}  // namespace
}  // namespace sluice::base::log_test
