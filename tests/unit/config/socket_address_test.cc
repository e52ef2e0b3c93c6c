// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/socket_address.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::config::socket_address_test {
namespace {

using testing::HasSubstr;

SocketAddress read(std::string_view text) {
  SocketAddress out;
  auto refusal = SocketAddress::read(text, out);
  EXPECT_FALSE(refusal) << text << ": " << (refusal ? refusal->message : "");
  return out;
}

// What is said of it, with what to write instead.
std::string refused(std::string_view text) {
  SocketAddress out{"192.0.2.1", 1};
  auto refusal = SocketAddress::read(text, out);
  EXPECT_EQ(out, (SocketAddress{"192.0.2.1", 1})) << text;
  return refusal ? refusal->message + "; " + refusal->hint : "";
}

TEST(SocketAddress, IsAnIpAddressWithAPortOrAPath) {
  EXPECT_EQ(read("127.0.0.2:80"), (SocketAddress{"127.0.0.2", 80}));
  EXPECT_EQ(read("[0:0::1]:0"), (SocketAddress{"::1", 0}));
  EXPECT_EQ(read(":8080"), (SocketAddress{"", 8080}));
  EXPECT_EQ(read("*:8080"), (SocketAddress{"", 8080}));
  EXPECT_EQ(read("unix:/run/a.sock"), (SocketAddress{"", 0, "/run/a.sock"}));
}

TEST(SocketAddress, IsWrittenAsItIsRead) {
  for (std::string text : {"127.0.0.1:9901", "[::1]:9901", ":80", "unix:/run/a.sock"})
    EXPECT_EQ(read(text).text(), text);
}

TEST(SocketAddress, SaysWhatIsWrong) {
  EXPECT_THAT(refused("127.0.0.1"), HasSubstr("it has no port"));
  EXPECT_THAT(refused("127.0.0.1:"), HasSubstr("must be a number"));
  EXPECT_THAT(refused("127.0.0.1:65536"), HasSubstr("from 0 to 65535"));
  EXPECT_THAT(refused("localhost:80"), HasSubstr("not a name; write 127.0.0.1"));
  EXPECT_THAT(refused("example.com:80"), HasSubstr("not a name"));
  EXPECT_THAT(refused("::1:9901"), HasSubstr("brackets; write [::1]:9901"));
  EXPECT_THAT(refused("unix:relative.sock"), HasSubstr("begin with /"));
}

}  // namespace
}  // namespace sluice::config::socket_address_test
