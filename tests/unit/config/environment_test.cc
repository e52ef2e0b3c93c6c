// SPDX-License-Identifier: Apache-2.0
// The real environment, on files of a directory of its own.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

#include "gateway/config/load.h"

namespace sluice::config::environment_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

class SystemEnvironmentTest : public testing::Test {
 protected:
  SystemEnvironmentTest() {
    std::string pattern = testing::TempDir() + "sluice-config-XXXXXX";
    directory_ = ::mkdtemp(pattern.data());
  }
  ~SystemEnvironmentTest() override { std::filesystem::remove_all(directory_); }
  std::string write(const std::string& name, const std::string& text) {
    std::ofstream(directory_ + '/' + name) << text;
    return directory_ + '/' + name;
  }
  std::string directory_;
  const Environment& environment_ = system_environment();
};

TEST_F(SystemEnvironmentTest, ReadsVariables) {
  ::setenv("SLUICE_CONFIG_TEST", "x", 1);
  EXPECT_EQ(environment_.variable("SLUICE_CONFIG_TEST"), "x");
  ::unsetenv("SLUICE_CONFIG_TEST");
  EXPECT_FALSE(environment_.variable("SLUICE_CONFIG_TEST").has_value());
}

TEST_F(SystemEnvironmentTest, ReadsWholeFiles) {
  std::string text(100'000, 'x');
  EXPECT_EQ(environment_.read(write("a", text), kLargestFile).text, text);
  EXPECT_EQ(environment_.read(write("b", ""), kLargestFile).text, "");
}

TEST_F(SystemEnvironmentTest, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(environment_.read(directory_ + "/none", 10).error, "No such file or directory");
  EXPECT_EQ(environment_.read(directory_, 10).error, "Is a directory");
  EXPECT_THAT(environment_.read(write("large", std::string((1u << 20) + 1, 'x')), 1u << 20).error,
              HasSubstr("larger than 1 MiB"));
  EXPECT_TRUE(environment_.read(write("fits", std::string(1u << 20, 'x')), 1u << 20).text.has_value());
}

TEST_F(SystemEnvironmentTest, DoesNotWaitForAPipeThatNobodyFills) {
  std::string pipe = directory_ + "/pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

  EXPECT_EQ(environment_.read(pipe, 10).error, "not a file, and nothing came out of it");
  EXPECT_EQ(environment_.read("/dev/null", 10).error, "not a file, and nothing came out of it");
}

TEST_F(SystemEnvironmentTest, ReadsWhatAProgramWritesIntoAPipe) {
  int ends[2];
  ASSERT_EQ(::pipe(ends), 0);
  std::thread program([end = ends[1]] {
    EXPECT_EQ(::write(end, "text", 4), 4);
    ::close(end);
  });

  EXPECT_EQ(environment_.read("/dev/fd/" + std::to_string(ends[0]), 10).text, "text");

  program.join();
  ::close(ends[0]);
}

TEST_F(SystemEnvironmentTest, FindsFilesByPatternInOrder) {
  write("b.yaml", "");
  write("a.yaml", "");
  write("c.txt", "");

  auto found = environment_.matches(directory_ + "/*.yaml");

  EXPECT_THAT(found.names, ElementsAre(directory_ + "/a.yaml", directory_ + "/b.yaml"));
  EXPECT_EQ(found.error, "");
  EXPECT_THAT(environment_.matches(directory_ + "/*.none").names, IsEmpty());
  EXPECT_EQ(environment_.matches(directory_ + "/*.none").error, "");
}

TEST_F(SystemEnvironmentTest, LoadsAConfigurationWithItsIncludes) {
  std::filesystem::create_directory(directory_ + "/conf.d");
  write("conf.d/1.yaml", "routes: [a]\n");
  write("conf.d/2.yaml", "routes: [\"${file:../key}\"]\n");
  write("key", "k\n");
  Diagnostics diagnostics;

  Document document = load(write("main.yaml", "include: conf.d/*.yaml\n"), diagnostics);

  EXPECT_EQ(diagnostics.text(), "");
  EXPECT_EQ(document.find("routes[0]")->text(), "a");
  EXPECT_EQ(document.find("routes[1]")->text(), "k");
}

}  // namespace
}  // namespace sluice::config::environment_test
