// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/port_owner.h"

#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <fstream>
#include <string>

#include "gateway/net/listen.h"

namespace sluice::net::port_owner_test {
namespace {

std::string own_name() {
  std::ifstream in("/proc/self/comm");
  std::string name;
  std::getline(in, name);
  return name;
}

TEST(PortOwner, NamesTheProcessThatListens) {
  std::string expected = " (in use by " + own_name() + ", pid " + std::to_string(::getpid()) + ")";
  for (const char* ip : {"127.0.0.1", "::1"}) {
    auto fd = listen(*Address::parse(ip, 0), 1);
    if (!fd) continue;  // no IPv6 here

    EXPECT_EQ(port_owner(bound_to(*fd).port()), expected) << ip;
    ::close(*fd);
  }
}

TEST(PortOwner, IsSilentWhenNobodyListens) {
  int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);  // bound, but does not listen
  Address any = *Address::parse("127.0.0.1", 0);
  ASSERT_EQ(::bind(fd, any.data(), any.size()), 0);

  EXPECT_EQ(port_owner(bound_to(fd).port()), "");
  ::close(fd);
}

}  // namespace
}  // namespace sluice::net::port_owner_test
