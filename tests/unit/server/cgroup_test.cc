// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/cgroup.h"

#include <gmock/gmock.h>

#include <filesystem>

#include "tests/support/temporary_directory.h"

namespace sluice::server::cgroup_test {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

class ControlGroupTest : public testing::Test {
 protected:
  void group(const std::string& lines) const {
    std::filesystem::create_directories(directory_ / "proc/self");
    directory_.write("proc/self/cgroup", lines);
  }
  void folder(const std::string& name) const { std::filesystem::create_directories(directory_ / name); }
  ControlGroup found(std::string_view controller) const {
    return control_group(directory_ / "proc", directory_ / "cgroup", controller);
  }

  test::TemporaryDirectory directory_;
};

TEST_F(ControlGroupTest, IsToldWithAllAboveIt) {
  group("0::/system.slice/sluice.service\n");
  folder("cgroup/system.slice/sluice.service");

  EXPECT_FALSE(found("cpu").v1);
  EXPECT_THAT(found("cpu").folders, ElementsAre(directory_ / "cgroup/system.slice/sluice.service",
                                                directory_ / "cgroup/system.slice", directory_ / "cgroup"));
}

TEST_F(ControlGroupTest, IsTheRootWhereItsPathIsOnlyThereOutside) {
  group("0::/../../docker/0123\n");
  folder("cgroup");

  EXPECT_THAT(found("memory").folders, testing::Contains(directory_ / "cgroup"));
}

TEST_F(ControlGroupTest, IsThatOfItsControllerInVersionOne) {
  group("5:cpu,cpuacct:/x\n4:memory:/y\n0::/z\n");
  folder("cgroup/cpu/x");

  EXPECT_TRUE(found("cpu").v1);
  EXPECT_THAT(found("cpu").folders, ElementsAre(directory_ / "cgroup/cpu/x", directory_ / "cgroup/cpu"));
}

TEST_F(ControlGroupTest, IsNoneWhereNothingIsTold) { EXPECT_THAT(found("cpu").folders, IsEmpty()); }

}  // namespace
}  // namespace sluice::server::cgroup_test
