// SPDX-License-Identifier: Apache-2.0
#include "gateway/admin/socket.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <filesystem>
#include <fstream>
#include <optional>

#include "tests/unit/admin/served.h"

namespace sluice::admin::socket_test {
namespace {

// Where no socket was inherited.
base::Result<ListeningSocket> open_at(const AdminAddress& address) {
  net::InheritedSockets none;
  return ListeningSocket::open(address, none);
}

using testing::HasSubstr;

class Directory {
 public:
  Directory() : path_((std::filesystem::temp_directory_path() / "sluice-admin-XXXXXX").string()) {
    if (!mkdtemp(path_.data())) std::abort();
  }
  Directory(const Directory&) = delete;
  Directory& operator=(const Directory&) = delete;
  ~Directory() { std::filesystem::remove_all(path_); }
  AdminAddress socket() const { return {{"", 0, path_ + "/admin.sock"}}; }

 private:
  std::string path_;
};

TEST(AdminSocket, IsForOwnerAndGroup) {
  Directory directory;
  auto socket = open_at(directory.socket());
  ASSERT_TRUE(socket);

  struct stat status{};
  ASSERT_EQ(stat(directory.socket().path.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 0777, 0660u);
  EXPECT_EQ(socket->port(), 0);
}

TEST(AdminSocket, TakesThePlaceOfOneThatWasLeftBehind) {
  Directory directory;
  auto path = directory.socket().path;
  {
    // A process that is killed leaves the file behind.
    auto killed = open_at(directory.socket());
    ASSERT_TRUE(killed);
    std::filesystem::rename(path, path + ".kept");
  }
  std::filesystem::rename(path + ".kept", path);
  ASSERT_TRUE(std::filesystem::exists(path));

  auto socket = open_at(directory.socket());

  ASSERT_TRUE(socket);
  EXPECT_TRUE(Client(path).connected());
}

TEST(AdminSocket, LeavesOneThatIsInUseAlone) {
  Directory directory;
  auto first = open_at(directory.socket());
  ASSERT_TRUE(first);

  auto second = open_at(directory.socket());

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("unix:" + directory.socket().path));
  EXPECT_TRUE(Client(directory.socket().path).connected());
}

TEST(AdminSocket, DoesNotReplaceAFile) {
  Directory directory;
  auto path = directory.socket().path;
  std::ofstream(path) << "precious";

  EXPECT_FALSE(open_at(directory.socket()));
  EXPECT_EQ(std::filesystem::file_size(path), 8u);
}

TEST(AdminSocket, RemovesItsFileButNotAnothers) {
  Directory directory;
  auto path = directory.socket().path;
  {
    auto socket = open_at(directory.socket());
    ASSERT_TRUE(socket);
  }
  EXPECT_FALSE(std::filesystem::exists(path));
  {
    auto socket = open_at(directory.socket());
    ASSERT_TRUE(socket);
    std::filesystem::rename(path, path + ".old");
    std::ofstream(path) << "another's";
  }
  EXPECT_TRUE(std::filesystem::exists(path));
}

TEST(AdminSocket, SaysWhatIsWrongWithThePath) {
  auto socket = open_at({{"", 0, "/no/such/directory/admin.sock"}});

  ASSERT_FALSE(socket);
  EXPECT_EQ(socket.error().detail,
            "cannot listen on unix:/no/such/directory/admin.sock: No such file or directory");
}

TEST(AdminSocket, ListensOnIpv6Too) {
  auto socket = open_at({{"::1", 0}});
  if (!socket) GTEST_SKIP() << socket.error().detail;

  EXPECT_NE(socket->port(), 0);
}

}  // namespace
}  // namespace sluice::admin::socket_test
