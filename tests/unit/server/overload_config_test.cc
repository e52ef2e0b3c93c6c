// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/overload_config.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"

namespace sluice::server::overload_config_test {
namespace {

using namespace config::literals;
using namespace std::chrono_literals;
using Kind = MemoryLimit::Kind;

OverloadConfig read(const std::string& yaml, std::string* complaint = nullptr) {
  config::Diagnostics diagnostics;
  auto document = config::parse(yaml, diagnostics);
  auto config = config::bind<OverloadConfig>(document, diagnostics);
  std::string said = diagnostics.has_errors() ? diagnostics.sorted().front().message : "";
  if (complaint) *complaint = said;
  EXPECT_EQ(complaint ? "" : said, "");
  return config;
}
std::string complaint(const std::string& yaml) {
  std::string out;
  read(yaml, &out);
  return out;
}

TEST(OverloadConfig, FollowsTheCgroupUnlessTold) {
  EXPECT_EQ(read("{}").memory_limit.kind, Kind::automatic);
  EXPECT_EQ(read("{}").lag.after, 200ms);
}

TEST(OverloadConfig, TakesASizeAndATime) {
  auto config = read("{memory_limit: 1GiB, lag: 50ms}");
  EXPECT_EQ(config.memory_limit, (MemoryLimit{Kind::bytes, 1_GiB}));
  EXPECT_EQ(config.lag.after, 50ms);
}

TEST(OverloadConfig, CanBeTurnedOff) {
  auto config = read("{memory_limit: off, lag: off}");
  EXPECT_EQ(config.memory_limit.kind, Kind::off);
  EXPECT_EQ(config.lag.after, 0ms);
  EXPECT_EQ(read("{memory_limit: auto}").memory_limit.kind, Kind::automatic);
}

TEST(OverloadConfig, RefusesWhatCannotBeMeant) {
  EXPECT_NE(complaint("{memory_limit: 1MiB}").find("at least 32MiB"), std::string::npos);
  EXPECT_NE(complaint("{memory_limit: 1000000000}"), "");
  EXPECT_NE(complaint("{memory_limit: none}").find("auto, off or a size"), std::string::npos);
  EXPECT_NE(complaint("{lag: 1ms}").find("at least 10ms"), std::string::npos);
  EXPECT_NE(complaint("{lag: 5}"), "");
}

}  // namespace
}  // namespace sluice::server::overload_config_test
