// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/watched_files.h"

#include <gtest/gtest.h>

#include "tests/support/temporary_directory.h"

namespace sluice::server::watched_files_test {
namespace {

class WatchedFilesTest : public testing::Test {
 protected:
  test::TemporaryDirectory directory_;
  std::string file_ = directory_.write("a.yaml", "1");
  WatchedFiles files_;
};

TEST_F(WatchedFilesTest, TellsAChangeOnceItIsOver) {
  files_.add(file_);
  EXPECT_FALSE(files_.changed());

  directory_.write("a.yaml", "22");

  EXPECT_FALSE(files_.changed());
  EXPECT_TRUE(files_.changed());
  EXPECT_FALSE(files_.changed());
}

TEST_F(WatchedFilesTest, SeesWhatHasChangedSinceItWasRead) {
  WatchedFiles read;
  read.note(file_);
  directory_.write("a.yaml", "22");
  read.note(file_);

  files_.only({file_}, read);

  EXPECT_TRUE(files_.moved());
}

TEST_F(WatchedFilesTest, RemembersWhatAPatternMeantAtFirst) {
  EXPECT_EQ(files_.matches("*.yaml"), nullptr);

  files_.note_matches("*.yaml", {"a.yaml"});
  files_.note_matches("*.yaml", {"a.yaml", "b.yaml"});

  ASSERT_NE(files_.matches("*.yaml"), nullptr);
  EXPECT_EQ(*files_.matches("*.yaml"), std::vector<std::string>{"a.yaml"});
}

TEST_F(WatchedFilesTest, ComparesThoseThatItHasWithWhatTheyWere) {
  files_.add(file_);
  directory_.write("a.yaml", "22");
  WatchedFiles read;
  read.note(file_);

  files_.only({file_}, read);

  EXPECT_TRUE(files_.moved());
  files_.only({});
  directory_.write("a.yaml", "333");
  EXPECT_FALSE(files_.moved());
}

}  // namespace
}  // namespace sluice::server::watched_files_test
