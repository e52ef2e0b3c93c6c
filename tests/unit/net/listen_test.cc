// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/listen.h"

#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstddef>
#include <filesystem>
#include <string>

namespace sluice::net::listen_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::StartsWith;

const Address kAny = *Address::parse("127.0.0.1", 0);

std::ptrdiff_t open_descriptors() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/fd"), {});
}

int connect_to(const Address& at) {
  int fd = ::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (::connect(fd, at.data(), at.size()) == 0) return fd;
  ::close(fd);
  return -1;
}

void close_all(const std::vector<int>& fds) {
  for (int fd : fds) ::close(fd);
}

TEST(Listen, TakesAPortThatTheSystemChooses) {
  auto fd = listen(kAny, 16);

  ASSERT_TRUE(fd);
  EXPECT_NE(bound_to(*fd).port(), 0);
  EXPECT_EQ(bound_to(*fd).ip(), "127.0.0.1");
  int client = connect_to(bound_to(*fd));
  EXPECT_GE(client, 0);
  close_all({client, *fd});
}

TEST(Listen, MakesSocketsThatDoNotBlockAndAreNotInherited) {
  auto fd = listen(kAny, 16);

  EXPECT_TRUE(::fcntl(*fd, F_GETFL) & O_NONBLOCK);
  EXPECT_TRUE(::fcntl(*fd, F_GETFD) & FD_CLOEXEC);
  ::close(*fd);
}

TEST(Listen, NamesWhoHasThePort) {
  int first = *listen(kAny, 16);
  Address taken = bound_to(first);
  auto before = open_descriptors();

  auto second = listen(taken, 16);

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail,
              AllOf(StartsWith("cannot listen on " + taken.text() + ": Address already in use (in use by "),
                    HasSubstr("pid " + std::to_string(::getpid()) + ")")));
  EXPECT_EQ(open_descriptors(), before);
  ::close(first);
}

TEST(Listen, SaysSoWhenTheAddressIsNotOfThisMachine) {
  Address elsewhere = *Address::parse("192.0.2.1", 8080);  // RFC 5737: documentation only

  EXPECT_EQ(listen(elsewhere, 16).error().detail,
            "cannot listen on 192.0.2.1:8080: Cannot assign requested address");
  EXPECT_EQ(listen_shared(elsewhere, 2, 16).error().detail,
            "cannot listen on 192.0.2.1:8080: Cannot assign requested address");
}

TEST(Listen, TakesAPortAgainWhoseConnectionsAreStillWindingUp) {
  int listener = *listen(kAny, 16);
  Address at = bound_to(listener);
  int client = connect_to(at);
  int server = ::accept(listener, nullptr, nullptr);
  ::close(server);  // the side that closes first keeps the port in TIME_WAIT
  ::close(client);
  ::close(listener);

  auto again = listen_shared(at, 1, 16);

  ASSERT_TRUE(again) << again.error().detail;
  close_all(*again);
}

TEST(ListenShared, OpensOneSocketForEachWorkerOnOnePort) {
  auto fds = listen_shared(kAny, 4, 64);

  ASSERT_TRUE(fds) << fds.error().detail;
  ASSERT_EQ(fds->size(), 4u);
  for (int fd : *fds) EXPECT_EQ(bound_to(fd), bound_to(fds->front()));
  close_all(*fds);
}

TEST(ListenShared, LetsEverySocketGetConnections) {
  auto fds = *listen_shared(kAny, 2, 256);
  std::vector<int> clients;
  for (int i = 0; i < 100; ++i) clients.push_back(connect_to(bound_to(fds[0])));

  std::vector<int> accepted(2);
  for (std::size_t i = 0; i < 2; ++i) {
    for (int fd; (fd = ::accept(fds[i], nullptr, nullptr)) >= 0; ++accepted[i]) ::close(fd);
  }

  EXPECT_EQ(accepted[0] + accepted[1], 100);
  EXPECT_GT(accepted[0], 0);
  EXPECT_GT(accepted[1], 0);
  close_all(clients);
  close_all(fds);
}

TEST(ListenShared, RefusesAPortThatAnotherSharesAlready) {
  auto first = *listen_shared(kAny, 2, 16);
  Address taken = bound_to(first[0]);
  auto before = open_descriptors();

  auto second = listen_shared(taken, 2, 16);

  ASSERT_FALSE(second);
  EXPECT_THAT(second.error().detail, HasSubstr("pid " + std::to_string(::getpid())));
  EXPECT_EQ(open_descriptors(), before);
  close_all(first);
}

TEST(ListenShared, KeepsOthersFromThePort) {
  auto fds = *listen_shared(kAny, 2, 16);

  EXPECT_FALSE(listen(bound_to(fds[0]), 16));
  close_all(fds);
}

TEST(ListenShared, ListensOnIpv4WithTheIpv6Wildcard) {
  auto fds = listen_shared(*Address::parse("::", 0), 1, 16);
  if (!fds) GTEST_SKIP() << "no IPv6 here: " << fds.error().detail;

  int client = connect_to(kAny.with_port(bound_to(fds->front()).port()));

  EXPECT_GE(client, 0);
  close_all({client, fds->front()});
}

// As a kernel does that was started with ipv6.disable=1; for the life of the process.
bool take_ipv6_away() {
  sock_filter program[] = {
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, nr)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_socket, 0, 3),
      BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(seccomp_data, args)),
      BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, AF_INET6, 0, 1),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | EAFNOSUPPORT),
      BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
  };
  sock_fprog filter{std::size(program), program};
  return ::prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0 &&
         ::prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &filter) == 0;
}

TEST(EveryAddress, IsThatOfIpv4WhereTheKernelHasNoIpv6) {
  auto listens = [] {
    if (!take_ipv6_away()) return 77;
    auto fds = listen_shared(every_address(0), 2, 16);
    if (!fds || bound_to(fds->front()).ip() != "0.0.0.0") return 1;
    return connect_to(kAny.with_port(bound_to(fds->front()).port())) >= 0 ? 0 : 2;
  };
  pid_t child = ::fork();
  if (child == 0) ::_exit(listens());

  int status = -1;
  ::waitpid(child, &status, 0);

  ASSERT_TRUE(WIFEXITED(status));
  if (WEXITSTATUS(status) == 77) GTEST_SKIP() << "filters of system calls are not allowed here";
  EXPECT_EQ(WEXITSTATUS(status), 0);
}

TEST(EveryAddress, IsThatOfBothElsewhere) {
  int probe = ::socket(AF_INET6, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (probe < 0) GTEST_SKIP() << "no IPv6 here";
  ::close(probe);

  EXPECT_EQ(every_address(80), *Address::parse("::", 80));
}

TEST(ListenShared, PassesOnThatDelaysAreOff) {
  auto fds = *listen_shared(kAny, 1, 16);
  int client = connect_to(bound_to(fds[0]));
  int server = ::accept(fds[0], nullptr, nullptr);

  int on = 0;
  socklen_t size = sizeof on;
  ::getsockopt(server, IPPROTO_TCP, TCP_NODELAY, &on, &size);

  EXPECT_EQ(on, 1);
  close_all({client, server, fds[0]});
}

TEST(Listen, TakesNoMoreButWhatHasBegun) {
  int fd = *listen(kAny, 8);
  auto at = bound_to(fd);
  int before = connect_to(at);
  ASSERT_GE(before, 0);

  ASSERT_TRUE(begin_no_more(fd));

  int served = ::accept(fd, nullptr, nullptr);
  ASSERT_GE(served, 0);
  EXPECT_EQ(::send(before, "x", 1, 0), 1);
  pollfd readable{served, POLLIN, 0};
  EXPECT_EQ(::poll(&readable, 1, 10'000), 1);

  // Dropped, neither refused nor waiting to be accepted, until somebody listens who takes it.
  int after = ::socket(at.family(), SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
  EXPECT_EQ(::connect(after, at.data(), at.size()), -1);
  EXPECT_EQ(errno, EINPROGRESS);
  EXPECT_EQ(::accept(fd, nullptr, nullptr), -1);
  begin_again(fd);
  pollfd writable{after, POLLOUT, 0};
  EXPECT_EQ(::poll(&writable, 1, 10'000), 1);
  EXPECT_EQ(writable.revents, POLLOUT);
  for (int s : {before, served, after, fd}) ::close(s);
}

}  // namespace
}  // namespace sluice::net::listen_test
