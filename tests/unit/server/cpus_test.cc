// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/cpus.h"

#include <gtest/gtest.h>

#include <filesystem>

#include "tests/support/temporary_directory.h"

namespace sluice::server::cpus_test {
namespace {

// A proc and a tree of cgroups, on a machine of 64 CPUs.
class UsableCpus : public testing::Test {
 protected:
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(directory_ / name).parent_path());
    directory_.write(name, text);
  }
  unsigned of(unsigned affine) const {
    return usable_cpus(affine, directory_ / "proc", directory_ / "cgroup");
  }

  test::TemporaryDirectory directory_;
};

TEST_F(UsableCpus, AreThoseOfTheQuotaOfAService) {
  write("proc/self/cgroup", "0::/system.slice/sluice.service\n");
  write("cgroup/system.slice/cpu.max", "max 100000\n");
  write("cgroup/system.slice/sluice.service/cpu.max", "200000 100000\n");

  EXPECT_EQ(of(64), 2u);
  EXPECT_EQ(of(1), 1u);
}

TEST_F(UsableCpus, AreAsFewAsTheLeastQuotaAboveAllows) {
  write("proc/self/cgroup", "0::/a/b/c\n");
  write("cgroup/a/cpu.max", "250000 100000\n");
  write("cgroup/a/b/cpu.max", "400000 50000\n");
  write("cgroup/a/b/c/cpu.max", "800000 100000\n");

  EXPECT_EQ(of(64), 3u);
}

TEST_F(UsableCpus, AreThoseOfAContainerThatSeesItsGroupAtTheRoot) {
  write("proc/self/cgroup", "0::/\n");
  write("cgroup/cpu.max", "50000 100000\n");

  EXPECT_EQ(of(64), 1u);
}

TEST_F(UsableCpus, AreThoseOfAQuotaOfVersionOne) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/kubepods/pod1\n4:memory:/kubepods/pod1\n0::/\n");
  write("cgroup/cpu/cpu.cfs_quota_us", "-1\n");
  write("cgroup/cpu/cpu.cfs_period_us", "100000\n");
  write("cgroup/cpu/kubepods/pod1/cpu.cfs_quota_us", "400000\n");
  write("cgroup/cpu/kubepods/pod1/cpu.cfs_period_us", "100000\n");

  EXPECT_EQ(of(64), 4u);
}

TEST_F(UsableCpus, AreThoseOfTheMaskWithoutAQuota) {
  EXPECT_EQ(of(64), 64u);

  write("proc/self/cgroup", "0::/user.slice\n");
  write("cgroup/user.slice/cpu.max", "max 100000\n");
  EXPECT_EQ(of(64), 64u);
}

TEST_F(UsableCpus, OfThisSystemAreOneAtLeast) { EXPECT_GE(usable_cpus(), 1u); }

}  // namespace
}  // namespace sluice::server::cpus_test
