// SPDX-License-Identifier: Apache-2.0
#include "tests/support/socket.h"

#include <gtest/gtest.h>

namespace sluice::test::socket_test {
namespace {

struct SocketPair {
  Bell bell;
  Socket reserved = Socket::reserve();
  Socket listener = Socket::listen(reserved.port(), &bell);
  Socket a = Socket::connect(listener.port());
  Socket b = listener.accept(&bell);
};

TEST(Socket, CarriesBytesBothWays) {
  SocketPair pair;
  std::string at_a, at_b;

  EXPECT_TRUE(pair.a.send("to b"));
  EXPECT_TRUE(pair.b.send("to a"));

  EXPECT_TRUE(pair.a.receive(at_a));
  EXPECT_TRUE(pair.b.receive(at_b));
  EXPECT_EQ(at_a, "to a");
  EXPECT_EQ(at_b, "to b");
}

TEST(Socket, IsNotOpenWhereNobodyListens) {
  SocketPair pair;
  std::uint16_t port = pair.listener.port();

  pair.listener.close();

  EXPECT_FALSE(Socket::connect(port).open());
  EXPECT_FALSE(Socket::connect(Socket::reserve().port()).open());
}

TEST(Socket, TellsACloseFromAReset) {
  SocketPair closing, resetting;
  std::string none;

  closing.a.close();
  resetting.a.reset();

  EXPECT_FALSE(closing.b.receive(none));
  EXPECT_FALSE(resetting.b.receive(none));
  EXPECT_EQ(closing.b.end(), End::closed);
  EXPECT_EQ(resetting.b.end(), End::reset);
}

TEST(Socket, CanStillReceiveAfterAHalfClose) {
  SocketPair pair;
  std::string at_a, at_b;

  pair.a.half_close();

  EXPECT_FALSE(pair.b.receive(at_b));
  EXPECT_TRUE(pair.b.send("late"));
  EXPECT_TRUE(pair.a.receive(at_a));
  EXPECT_EQ(at_a, "late");
}

TEST(Socket, StopsWaitingWhenTheBellRings) {
  SocketPair pair;
  std::string none;

  pair.bell.ring();

  EXPECT_FALSE(pair.b.receive(none));
  EXPECT_EQ(pair.b.end(), End::rung);
  EXPECT_FALSE(pair.listener.accept(&pair.bell).open());
}

TEST(Socket, FailsToSendToASideThatReset) {
  SocketPair pair;
  std::string none;
  pair.a.reset();
  pair.b.receive(none);

  EXPECT_FALSE(pair.b.send("nobody reads this"));
}

}  // namespace
}  // namespace sluice::test::socket_test
