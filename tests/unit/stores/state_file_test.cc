// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/state_file.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>
#include <iterator>

#include "tests/support/temporary_directory.h"

namespace sluice::stores::state_file_test {
namespace {

using ::testing::HasSubstr;

class StateFileTest : public testing::Test {
 protected:
  std::unique_ptr<StateFile> open() const {
    auto file = StateFile::open(directory_ / "state", "things");
    EXPECT_TRUE(file) << (file ? "" : file.error().detail);
    return file ? std::move(*file) : nullptr;
  }
  test::TemporaryDirectory directory_;
};

TEST_F(StateFileTest, IsEmptyAtFirst) { EXPECT_EQ(*open()->read(), ""); }

TEST_F(StateFileTest, KeepsWhatIsWrittenAndAppended) {
  auto file = open();
  EXPECT_FALSE(file->appendable());
  ASSERT_TRUE(file->replace("one\n"));
  ASSERT_TRUE(file->append("two\n"));
  file.reset();

  EXPECT_EQ(*open()->read(), "one\ntwo\n");
  EXPECT_FALSE(std::filesystem::exists(directory_ / "state/things.new"));
}

TEST_F(StateFileTest, IsOfOneProcessAtATime) {
  auto first = open();

  auto second = StateFile::open(directory_ / "state", "things");

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("in use by another process"));
  EXPECT_TRUE(StateFile::open(directory_ / "state", "others"));
}

TEST_F(StateFileTest, SaysWhyItCannotBeOpenedOrWritten) {
  auto orphan = StateFile::open(directory_ / "no/such", "things");
  ASSERT_FALSE(orphan);
  EXPECT_THAT(orphan.error().detail, HasSubstr("cannot be made"));

  auto file = open();
  std::filesystem::remove_all(directory_ / "state");
  auto written = file->replace("x");
  ASSERT_FALSE(written);
  EXPECT_THAT(written.error().detail, HasSubstr("things.new: No such file"));
  EXPECT_FALSE(file->appendable());
}

TEST_F(StateFileTest, IsSetAsideUnderANewNameEachTime) {
  auto file = open();
  for (int i = 1; i <= 2; ++i) {
    ASSERT_TRUE(file->replace("bad"));
    EXPECT_EQ(*file->set_aside(), directory_ / ("state/things.damaged-" + std::to_string(i)));
  }
}

// Whoever is killed before the good lines are written finds the bad file at the next start, not none.
TEST_F(StateFileTest, StaysWhereItIsUntilItIsReplaced) {
  auto file = open();
  ASSERT_TRUE(file->replace("bad"));
  auto copy = file->set_aside();
  EXPECT_EQ(*file->read(), "bad");

  ASSERT_TRUE(file->replace("good"));

  EXPECT_EQ(*file->read(), "good");
  std::ifstream kept(*copy);
  EXPECT_EQ(std::string(std::istreambuf_iterator<char>(kept), {}), "bad");
}

TEST_F(StateFileTest, IsOutgrownWhenMostOfItIsOutOfDate) {
  auto file = open();
  ASSERT_TRUE(file->replace(std::string(1 << 20, 'x')));

  EXPECT_FALSE(file->outgrown_by(1 << 20));
  EXPECT_TRUE(file->outgrown_by((1 << 20) + 1));
}

}  // namespace
}  // namespace sluice::stores::state_file_test
