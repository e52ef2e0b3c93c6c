// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/inherited.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <string>

#include "gateway/base/log.h"
#include "gateway/net/listen.h"
#include "gateway/net/unix_socket.h"

namespace sluice::net::inherited_test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

// Descriptors that follow each other, as a supervisor leaves them; high ones, so as to be in nobody's way.
class Inherited : public testing::Test {
 protected:
  static constexpr int kFirst = 200;
  Inherited() {
    base::set_log_sink([this](base::Level, std::string_view text) { said_.append(text).append("\n"); });
  }
  ~Inherited() override { base::set_log_sink(nullptr); }

  Address leave_listener(int at) {
    int fd = *listen(*Address::parse("127.0.0.1", 0), 16);
    auto address = bound_to(fd);
    leave(fd, at);
    return address;
  }
  void leave(int fd, int at) {
    ASSERT_EQ(::dup2(fd, at), at);  // without close-on-exec, as inherited ones are
    ::close(fd);
  }
  static bool is_open(int fd) { return ::fcntl(fd, F_GETFD) >= 0; }
  std::string said_;
};

const Address kElsewhere = *Address::parse("127.0.0.1", 1);

TEST_F(Inherited, AreTakenByName) {
  leave_listener(kFirst);
  leave_listener(kFirst + 1);
  InheritedSockets sockets(kFirst, 2, "web:api");

  EXPECT_THAT(sockets.take("api", kElsewhere)->fds, ElementsAre(kFirst + 1));
  EXPECT_FALSE(sockets.take("api", kElsewhere));
  EXPECT_THAT(sockets.take("web", kElsewhere)->fds, ElementsAre(kFirst));

  ::close(kFirst);
  ::close(kFirst + 1);
}

TEST_F(Inherited, AreTakenByAddress) {
  leave_listener(kFirst);
  auto second = leave_listener(kFirst + 1);
  InheritedSockets sockets(kFirst, 2, "");

  EXPECT_THAT(sockets.take("web", second)->fds, ElementsAre(kFirst + 1));
  EXPECT_FALSE(sockets.take("web", second));

  ::close(kFirst + 1);
}

TEST_F(Inherited, AreTakenByPath) {
  auto path = std::filesystem::temp_directory_path() / ("sluice-inherited-" + std::to_string(::getpid()));
  auto at = *Address::of_path(path.string());
  auto made = listen_unix(at, {}, 16);
  ASSERT_TRUE(made);
  leave(made->fd, kFirst);
  InheritedSockets sockets(kFirst, 1, "sluice.socket");

  EXPECT_THAT(sockets.take("web", at)->fds, ElementsAre(kFirst));

  ::close(kFirst);
}

TEST_F(Inherited, DoNotBlockAndAreNotHandedOn) {
  leave_listener(kFirst);
  ::fcntl(kFirst, F_SETFL, 0);

  InheritedSockets sockets(kFirst, 1, "web");

  EXPECT_TRUE(::fcntl(kFirst, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(kFirst, F_GETFD) & FD_CLOEXEC);
}

TEST_F(Inherited, AreClosedWhenNobodyTakesThem) {
  auto first = leave_listener(kFirst);
  leave_listener(kFirst + 1);
  {
    InheritedSockets sockets(kFirst, 2, "web:api");
    sockets.take("api", kElsewhere);

    EXPECT_THAT(sockets.drop_rest(), ElementsAre("web on " + first.text()));
    EXPECT_FALSE(is_open(kFirst));
  }
  EXPECT_TRUE(is_open(kFirst + 1));
  ::close(kFirst + 1);
  leave_listener(kFirst);
  {
    InheritedSockets forgotten(kFirst, 1, "web");
  }
  EXPECT_FALSE(is_open(kFirst));
}

TEST_F(Inherited, AreNothingElseThanListeningSockets) {
  int pair[2];
  ASSERT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, pair), 0);
  leave(pair[0], kFirst);
  leave(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), kFirst + 1);

  InheritedSockets sockets(kFirst, 3, "a:b:c");

  EXPECT_THAT(sockets.drop_rest(), ElementsAre());
  EXPECT_FALSE(is_open(kFirst));
  EXPECT_FALSE(is_open(kFirst + 1));
  EXPECT_THAT(said_, HasSubstr("the inherited descriptor 201 (b) is no listening stream socket"));
  EXPECT_THAT(said_, HasSubstr("the inherited descriptor 202 (c)"));
  ::close(pair[1]);
}

TEST_F(Inherited, AreNotThoseOfAnotherProcess) {
  ::setenv("LISTEN_PID", "1", 1);
  ::setenv("LISTEN_FDS", "2", 1);
  ::setenv("LISTEN_FDNAMES", "a:b", 1);
  bool open_before = is_open(3);

  auto sockets = InheritedSockets::from_environment();

  EXPECT_THAT(sockets.drop_rest(), ElementsAre());
  EXPECT_EQ(is_open(3), open_before);
  EXPECT_EQ(std::getenv("LISTEN_FDS"), nullptr);
}

TEST_F(Inherited, AreNoneWhereTheEnvironmentIsNonsense) {
  for (const char* count : {"", "x", "-1", "99999999999"}) {
    ::setenv("LISTEN_PID", std::to_string(::getpid()).c_str(), 1);
    ::setenv("LISTEN_FDS", count, 1);

    EXPECT_THAT(InheritedSockets::from_environment().drop_rest(), ElementsAre()) << count;
  }
}

class Handed : public testing::Test {
 protected:
  std::vector<int> open(int count) {
    std::vector<int> out;
    for (int i = 0; i < count; ++i)
      out.push_back(i == 0 ? *listen(*Address::parse("127.0.0.1", 0), 16) : ::dup(out[0]));
    return out;
  }
  static void close(const std::optional<InheritedSockets::Taken>& taken) {
    for (int fd : taken->fds) ::close(fd);
  }
};

TEST_F(Handed, GivesAllQueuesOfAListener) {
  auto web = open(3), admin = open(1);
  InheritedSockets sockets({{"web", false, web}, {":admin", true, admin}});
  auto rest = sockets.split(":admin");

  EXPECT_EQ(sockets.queues(), 3U);
  auto taken = sockets.take("web", bound_to(web[0]));
  ASSERT_TRUE(taken);
  EXPECT_EQ(taken->fds, web);
  EXPECT_FALSE(taken->owns_file);
  auto other = rest.take("whatever", bound_to(admin[0]));
  ASSERT_TRUE(other);
  EXPECT_TRUE(other->owns_file);
  close(taken), close(other);
}

TEST_F(Handed, ServesTheAddressThatIsWrittenNow) {
  auto web = open(2), free = open(1);
  Address elsewhere = bound_to(free[0]);
  ::close(free[0]);
  InheritedSockets sockets({{"web", false, web}});

  EXPECT_FALSE(sockets.take("web", elsewhere));  // it has moved
  auto renamed = sockets.take("shop", bound_to(web[0]));
  ASSERT_TRUE(renamed);
  EXPECT_EQ(renamed->fds, web);
  close(renamed);
}

TEST_F(Handed, TakesAPortThatTheSystemChoseByName) {
  auto web = open(1);
  InheritedSockets sockets({{"web", false, web}});

  auto taken = sockets.take("web", *Address::parse("127.0.0.1", 0));
  ASSERT_TRUE(taken);
  close(taken);
}

}  // namespace
}  // namespace sluice::net::inherited_test
