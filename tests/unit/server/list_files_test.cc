// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/list_files.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include "tests/support/temporary_directory.h"

namespace sluice::server::list_files_test {
namespace {

using testing::HasSubstr;

class ListFilesTest : public testing::Test {
 protected:
  std::string why_not(const std::string& path) {
    auto opened = files_.open(path, 1);
    return opened ? "" : opened.error().detail;
  }

  test::TemporaryDirectory directory_;
  ListFiles files_{nullptr};
};

TEST_F(ListFilesTest, ReadsAFileOnceForAllThatNameIt) {
  auto path = directory_.write("blocked.txt", "192.0.2.0/24\n");

  auto first = files_.open(path, 1);
  auto second = files_.open(path, 1);

  ASSERT_TRUE(first && second);
  EXPECT_EQ(*first, *second);
  EXPECT_TRUE((*first)->contains(*net::Address::parse("192.0.2.7", 1), 0));
}

TEST_F(ListFilesTest, SaysWhyAFileCannotBeRead) {
  EXPECT_EQ(why_not(directory_ / "none"), "cannot be read: No such file or directory");
  EXPECT_EQ(why_not(directory_ / "."), "cannot be read: Is a directory");
  EXPECT_THAT(why_not(directory_.write("bad.txt", "example.com\n")), HasSubstr("line 1"));
}

TEST_F(ListFilesTest, DoesNotWaitForAPipeThatNobodyFills) {
  auto pipe = directory_ / "pipe";
  ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);

  EXPECT_EQ(why_not(pipe), "cannot be read: not a file, and nothing came out of it");
}

}  // namespace
}  // namespace sluice::server::list_files_test
