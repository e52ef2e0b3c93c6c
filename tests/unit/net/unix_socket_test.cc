// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/unix_socket.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

namespace sluice::net::unix_socket_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

class UnixSocket : public testing::Test {
 protected:
  UnixSocket() : directory_((std::filesystem::temp_directory_path() / "sluice-net-XXXXXX").string()) {
    EXPECT_TRUE(::mkdtemp(directory_.data()));
    path_ = directory_ + "/x.sock";
    at_ = *Address::of_path(path_);
  }
  ~UnixSocket() override {
    for (int fd : fds_) ::close(fd);
    std::filesystem::remove_all(directory_);
  }
  base::Result<UnixListener> listen(const SocketAccess& access = {}) {
    auto made = listen_unix(at_, access, 16);
    if (made) fds_.push_back(made->fd);
    return made;
  }
  bool connects() {
    fds_.push_back(::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0));
    return ::connect(fds_.back(), at_.data(), at_.size()) == 0;
  }
  struct stat status() {
    struct stat s{};
    EXPECT_EQ(::lstat(path_.c_str(), &s), 0);
    return s;
  }
  // What a process leaves that was killed.
  void leave_file_behind() {
    int fd = ::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    EXPECT_EQ(::bind(fd, at_.data(), at_.size()), 0);
    EXPECT_EQ(::listen(fd, 1), 0);
    ::close(fd);
  }

  std::string directory_, path_;
  Address at_;
  std::vector<int> fds_;
};

TEST_F(UnixSocket, ListensWithoutBlockingAndIsNotInherited) {
  auto made = listen();

  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(::fcntl(made->fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(made->fd, F_GETFD) & FD_CLOEXEC);
  EXPECT_TRUE(connects());
}

TEST_F(UnixSocket, HasTheModeAskedForWhateverTheUmask) {
  auto before = ::umask(0077);
  auto usual = listen();
  ASSERT_TRUE(usual);
  EXPECT_EQ(status().st_mode & 0777, 0660u);
  usual->file.remove();

  auto open_to_all = listen({0666, "", ""});
  ::umask(before);

  ASSERT_TRUE(open_to_all);
  EXPECT_EQ(status().st_mode & 0777, 0666u);
}

TEST_F(UnixSocket, IsGivenToItsOwner) {
  auto made = listen({0600, std::to_string(::getuid()), std::to_string(::getgid())});

  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_EQ(status().st_uid, ::getuid());
  EXPECT_EQ(status().st_gid, ::getgid());
}

TEST_F(UnixSocket, NamesAnOwnerWhoDoesNotExist) {
  EXPECT_EQ(listen({0660, "nobody-of-that-name", ""}).error().detail,
            "cannot listen on unix:" + path_ + ": there is no user named nobody-of-that-name");
  EXPECT_EQ(listen({0660, "", "4294967295"}).error().detail,
            "cannot listen on unix:" + path_ + ": there is no group named 4294967295");
  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixSocket, TakesThePlaceOfOneThatWasLeftBehind) {
  leave_file_behind();

  auto made = listen();

  ASSERT_TRUE(made) << made.error().detail;
  EXPECT_TRUE(connects());
}

TEST_F(UnixSocket, LeavesALivingOneAloneAndNamesItsOwner) {
  auto first = listen();
  ASSERT_TRUE(first);

  auto second = listen();

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail,
              AllOf(StartsWith("cannot listen on unix:" + path_ + ": a process listens there already"),
                    HasSubstr("pid " + std::to_string(::getpid()) + ")")));
  EXPECT_TRUE(connects());
}

TEST_F(UnixSocket, NeverReplacesAFile) {
  std::ofstream(path_) << "precious";

  EXPECT_EQ(listen().error().detail,
            "cannot listen on unix:" + path_ + ": there is a file of that name, which is no socket");
  EXPECT_EQ(std::filesystem::file_size(path_), 8u);
}

TEST_F(UnixSocket, DoesNotFollowALink) {
  std::filesystem::create_symlink("/etc/passwd", path_);

  EXPECT_FALSE(listen());
  EXPECT_TRUE(std::filesystem::is_symlink(path_));
}

TEST_F(UnixSocket, SaysWhatIsWrongWithThePath) {
  std::filesystem::remove_all(directory_);

  EXPECT_EQ(listen().error().detail, "cannot listen on unix:" + path_ + ": No such file or directory");
}

TEST_F(UnixSocket, RemovesItsFile) {
  {
    ASSERT_TRUE(listen());
  }

  EXPECT_FALSE(std::filesystem::exists(path_));
}

TEST_F(UnixSocket, LeavesTheFileThatAnotherHasPutInItsPlace) {
  {
    auto made = listen();
    ASSERT_TRUE(made);
    std::filesystem::rename(path_, path_ + ".old");
    std::ofstream(path_) << "another's";
  }

  EXPECT_TRUE(std::filesystem::exists(path_));
}

TEST_F(UnixSocket, FileGoesWithTheLastOfItsOwners) {
  auto made = listen();
  ASSERT_TRUE(made);
  SocketFile kept;
  kept = std::move(made->file);
  made->file.remove();
  EXPECT_TRUE(std::filesystem::exists(path_));

  kept.remove();

  EXPECT_FALSE(std::filesystem::exists(path_));
}

}  // namespace
}  // namespace sluice::net::unix_socket_test
