// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/memory_files.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "tests/support/temporary_directory.h"

namespace sluice::server::memory_files_test {
namespace {

constexpr std::uint64_t kMiB = 1 << 20;

// A proc and a tree of cgroups.
class MemoryFilesTest : public testing::Test {
 protected:
  MemoryFilesTest() { write("proc/self/statm", "9000 25 7 1 0 30 0\n"); }
  void write(const std::string& name, const std::string& text) const {
    std::filesystem::create_directories(std::filesystem::path(directory_ / name).parent_path());
    directory_.write(name, text);
  }
  MemoryFiles files() const { return MemoryFiles(directory_ / "proc", directory_ / "cgroup"); }

  test::TemporaryDirectory directory_;
};

TEST_F(MemoryFilesTest, TellResidentMemory) {
  EXPECT_EQ(files().resident(), 25u * static_cast<std::uint64_t>(::sysconf(_SC_PAGESIZE)));
}

TEST_F(MemoryFilesTest, FindTheLimitOfTheGroup) {
  write("proc/self/cgroup", "0::/system.slice/sluice.service\n");
  write("cgroup/memory.stat", "");
  write("cgroup/system.slice/memory.max", "max\n");
  write("cgroup/system.slice/sluice.service/memory.max", "104857600\n");
  write("cgroup/system.slice/sluice.service/memory.stat", "anon 1\nsock 4096\nfile 7\n");

  EXPECT_EQ(files().limit(), 100 * kMiB);
  EXPECT_EQ(files().sockets(), 4096u);
}

TEST_F(MemoryFilesTest, FindASmallerOneAboveIt) {
  write("proc/self/cgroup", "0::/a/b\n");
  write("cgroup/a/memory.max", "52428800\n");
  write("cgroup/a/b/memory.max", "104857600\n");

  EXPECT_EQ(files().limit(), 50 * kMiB);
}

// A container sees its own group at the root, and perhaps a path that is only there outside.
TEST_F(MemoryFilesTest, FindTheLimitOfAContainer) {
  write("proc/self/cgroup", "0::/docker/0123abcd\n");
  write("cgroup/memory.max", "67108864\n");

  EXPECT_EQ(files().limit(), 64 * kMiB);
}

TEST_F(MemoryFilesTest, KnowVersionOneToo) {
  write("proc/self/cgroup", "5:cpu,cpuacct:/x\n4:memory:/kubepods/pod1\n0::/\n");
  write("cgroup/memory/memory.limit_in_bytes", "9223372036854771712\n");  // none
  write("cgroup/memory/kubepods/pod1/memory.limit_in_bytes", "33554432\n");
  write("cgroup/memory/kubepods/pod1/memory.kmem.tcp.usage_in_bytes", "8192\n");

  EXPECT_EQ(files().limit(), 32 * kMiB);
  EXPECT_EQ(files().sockets(), 8192u);
}

TEST_F(MemoryFilesTest, SayNothingWhereThereIsNoLimit) {
  write("proc/self/cgroup", "0::/user.slice\n");
  write("cgroup/user.slice/memory.max", "max\n");
  EXPECT_EQ(files().limit(), std::nullopt);

  MemoryFiles nowhere(directory_ / "none", directory_ / "none");
  EXPECT_EQ(nowhere.limit(), std::nullopt);
  EXPECT_EQ(nowhere.resident(), std::nullopt);
  EXPECT_EQ(nowhere.sockets(), 0u);
}

TEST(MemoryFiles, ReadThoseOfThisSystem) { EXPECT_GT(MemoryFiles().resident().value_or(0), kMiB); }

}  // namespace
}  // namespace sluice::server::memory_files_test
