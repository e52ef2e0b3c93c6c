// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/supervisor.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

namespace sluice::net::supervisor_test {
namespace {

using testing::MatchesRegex;

class Supervisor : public testing::Test {
 protected:
  void listen(const std::string& name) {
    sockaddr_un at{};
    at.sun_family = AF_UNIX;
    name.copy(at.sun_path, name.size());
    if (name[0] == '@') at.sun_path[0] = '\0';
    fd_ = ::socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    ASSERT_EQ(::bind(fd_, reinterpret_cast<sockaddr*>(&at),
                     static_cast<socklen_t>(offsetof(sockaddr_un, sun_path) + name.size())),
              0);
    ::setenv("NOTIFY_SOCKET", name.c_str(), 1);
  }
  ~Supervisor() override {
    ::unsetenv("NOTIFY_SOCKET");
    if (fd_ >= 0) ::close(fd_);
  }
  std::string heard() {
    char text[256];
    auto n = ::recv(fd_, text, sizeof text, MSG_DONTWAIT);
    return n < 0 ? "nothing" : std::string(text, static_cast<std::size_t>(n));
  }
  int fd_ = -1;
};

TEST_F(Supervisor, HearsOfEachState) {
  auto path = std::filesystem::temp_directory_path() / ("sluice-notify-" + std::to_string(::getpid()));
  listen(path.string());

  EXPECT_TRUE(tell_supervisor(ProcessState::ready, "serves sluice.yaml\nREADY=0"));
  EXPECT_EQ(heard(), "READY=1\nSTATUS=serves sluice.yaml");
  EXPECT_TRUE(tell_supervisor(ProcessState::reloading));
  EXPECT_THAT(heard(), MatchesRegex("RELOADING=1\nMONOTONIC_USEC=[0-9]+"));
  EXPECT_TRUE(tell_supervisor(ProcessState::stopping));
  EXPECT_EQ(heard(), "STOPPING=1");
  std::filesystem::remove(path);
}

TEST_F(Supervisor, MayHaveAnAbstractName) {
  listen("@sluice-notify-" + std::to_string(::getpid()));

  EXPECT_TRUE(tell_supervisor(ProcessState::ready));
  EXPECT_EQ(heard(), "READY=1");
}

TEST_F(Supervisor, IsNotNeeded) {
  EXPECT_FALSE(tell_supervisor(ProcessState::ready));
  for (const char* name : {"", "relative", "/no/such/socket"}) {
    ::setenv("NOTIFY_SOCKET", name, 1);
    EXPECT_FALSE(tell_supervisor(ProcessState::ready)) << name;
  }
  ::setenv("NOTIFY_SOCKET", ("/" + std::string(200, 'x')).c_str(), 1);
  EXPECT_FALSE(tell_supervisor(ProcessState::ready));
}

}  // namespace
}  // namespace sluice::net::supervisor_test
