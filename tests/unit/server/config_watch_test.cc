// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/config_watch.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "gateway/server/loaded.h"

#include "tests/support/temporary_directory.h"

namespace sluice::server::config_watch_test {
namespace {

using namespace std::chrono_literals;
namespace fs = std::filesystem;

class ConfigWatches : public testing::Test {
 protected:
  // Until something was told, or nothing was for so long.
  bool told(std::chrono::milliseconds within = 10s) {
    auto before = told_;
    auto until = std::chrono::steady_clock::now() + within;
    while (told_ == before && std::chrono::steady_clock::now() < until) control_.run_one_for(20ms);
    return told_ != before;
  }
  std::string write(const std::string& name, const std::string& text) { return directory_.write(name, text); }
  fs::path at(const std::string& name) const { return directory_ / name; }

  test::TemporaryDirectory directory_;
  boost::asio::io_context control_;
  int told_ = 0;
  // Looking without an event would hide that there was none.
  ConfigWatch watch_{control_, [this] { ++told_; }, {20ms, 1h}};
};

TEST_F(ConfigWatches, TellOfAFileThatWasWritten) {
  auto file = write("a.yaml", "1");
  watch_.watch({file}, {});

  write("a.yaml", "22");

  EXPECT_TRUE(told());
}

TEST_F(ConfigWatches, TellOfAFileThatWasReplaced) {
  auto file = write("a.yaml", "1");
  watch_.watch({file}, {});

  write("a.yaml.tmp", "1");
  fs::rename(at("a.yaml.tmp"), file);

  EXPECT_TRUE(told());
}

// As the kubelet does it: the file is a link through a link, and that one is exchanged.
TEST_F(ConfigWatches, TellOfAVolumeThatWasExchanged) {
  fs::create_directories(at("one"));
  fs::create_directories(at("two"));
  std::ofstream(at("one/a.yaml")) << "1";
  std::ofstream(at("two/a.yaml")) << "2";
  fs::create_directory_symlink("one", at("..data"));
  fs::create_symlink("..data/a.yaml", at("a.yaml"));
  watch_.watch({at("a.yaml").string()}, {});

  fs::create_directory_symlink("two", at("..data_tmp"));
  fs::rename(at("..data_tmp"), at("..data"));

  EXPECT_TRUE(told());
}

TEST_F(ConfigWatches, TellOfAFileBehindALink) {
  fs::create_directories(at("elsewhere"));
  std::ofstream(at("elsewhere/a.yaml")) << "1";
  fs::create_symlink(at("elsewhere/a.yaml"), at("a.yaml"));
  watch_.watch({at("a.yaml").string()}, {});

  std::ofstream(at("elsewhere/a.yaml")) << "22";

  EXPECT_TRUE(told());
}

TEST_F(ConfigWatches, TellOfAFileThatCameOrWent) {
  auto file = at("a.yaml").string();
  watch_.watch({file}, {});

  write("a.yaml", "1");
  EXPECT_TRUE(told());
  fs::remove(file);
  EXPECT_TRUE(told());
}

TEST_F(ConfigWatches, TellOfAFileThatAPatternMeans) {
  watch_.watch(std::vector<std::string>{}, {at("*.yaml").string()});

  write("new.yaml", "1");

  EXPECT_TRUE(told());
}

TEST_F(ConfigWatches, TellNothingOfOtherFiles) {
  auto file = write("a.yaml", "1");
  watch_.watch({file}, {at("*.yaml").string()});

  write(".a.yaml.swp", "1");
  write("notes.txt", "1");

  EXPECT_FALSE(told(300ms));
}

TEST_F(ConfigWatches, TellOnceOfSeveralFilesThatChangeTogether) {
  auto a = write("a.yaml", "1"), b = write("b.yaml", "1");
  watch_.watch({a, b}, {});

  write("a.yaml", "22");
  write("b.yaml", "22");

  EXPECT_TRUE(told());
  EXPECT_FALSE(told(300ms));
}

TEST_F(ConfigWatches, TellOfWhatChangedWhileTheFilesWereRead) {
  auto a = write("a.yaml", "1");
  watch_.watch({a}, {});

  write("a.yaml", "22");
  watch_.watch({a, write("b.yaml", "1")}, {});  // what came of reading

  EXPECT_TRUE(told());
}

// As while Vault is waited for: the file is there when the watch begins, and is no part of what was read.
TEST_F(ConfigWatches, TellOfAFileThatCameUnderAPatternWhileTheFilesWereRead) {
  fs::create_directories(at("conf.d"));
  ConfigWatch first(control_, [this] { ++told_; }, {20ms, 50ms});
  auto file = write("a.yaml", "include: conf.d/*.yaml\n");
  first.watch({file}, {});
  auto loaded = load_file(file);

  std::ofstream(at("conf.d/new.yaml")) << "{}";
  first.watch(loaded->document, loaded->read);

  EXPECT_TRUE(told());
}

TEST_F(ConfigWatches, TellNothingOfAPatternThatStillMeansTheSame) {
  fs::create_directories(at("conf.d"));
  std::ofstream(at("conf.d/one.yaml")) << "listeners: {}";
  ConfigWatch first(control_, [this] { ++told_; }, {20ms, 50ms});
  auto file = write("a.yaml", "include: conf.d/*.yaml\n");
  auto loaded = load_file(file);

  first.watch(loaded->document, loaded->read);

  EXPECT_FALSE(told(300ms));
}

TEST_F(ConfigWatches, TellWithoutEventsToo) {
  ConfigWatch slow(control_, [this] { ++told_; }, {20ms, 50ms});
  auto file = write("a.yaml", "1");
  slow.watch({file}, {});

  write("a.yaml", "22");

  EXPECT_TRUE(told());
}

TEST(ConfigWatch, MayEndInsideOfWhatItTells) {
  test::TemporaryDirectory directory;
  boost::asio::io_context control;
  std::optional<ConfigWatch> watch;
  bool told = false;
  watch.emplace(
      control,
      [&] {
        told = true;
        watch.reset();
      },
      WatchTimes{20ms, 50ms});
  auto file = directory.write("a.yaml", "1");
  watch->watch({file}, {});

  directory.write("a.yaml", "22");

  auto until = std::chrono::steady_clock::now() + 10s;
  while (!told && std::chrono::steady_clock::now() < until) control.run_one_for(20ms);
  EXPECT_TRUE(told);
}

}  // namespace
}  // namespace sluice::server::config_watch_test
