// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/upgrade.h"

#include <gtest/gtest.h>

namespace sluice::http::upgrade_test {
namespace {

class AskedProtocol : public testing::Test {
 protected:
  std::string_view asked(std::initializer_list<std::string_view> upgrades) {
    head.fields.clear();
    for (auto value : upgrades) head.fields.add(FieldId::upgrade, value);
    return asked_protocol(head, framing);
  }
  base::Arena arena;
  RequestHead head{arena};
  Framing framing;
};

TEST_F(AskedProtocol, IsTheOneThatIsNamed) {
  for (std::string_view protocol : {"websocket", "WebSocket", "SPDY/3.1", "tcp", "IRC/6.9"})
    EXPECT_EQ(asked({protocol}), protocol);
}

TEST_F(AskedProtocol, IsNoneOfSeveral) {
  EXPECT_EQ(asked({"websocket, IRC/6.9"}), "");
  EXPECT_EQ(asked({"websocket,"}), "");
  EXPECT_EQ(asked({"websocket", "websocket"}), "");
}

TEST_F(AskedProtocol, IsNoneThatIsNoProtocol) {
  for (std::string_view value : {"", " ", "/", "a/", "/1", "a/1/2", "web socket", "\"websocket\"", "a;b=c"})
    EXPECT_EQ(asked({value}), "") << value;
  EXPECT_EQ(asked({}), "");
}

TEST_F(AskedProtocol, IsNoneInWhichRequestsCouldHide) {
  for (std::string_view value :
       {"h2c", "H2C", "h2c-14", "h2", "h3", "HTTP/2.0", "http/1.1", "TLS/1.0", "tls"})
    EXPECT_EQ(asked({value}), "") << value;
  EXPECT_EQ(asked({"h2cx"}), "h2cx");
}

TEST_F(AskedProtocol, IsNoneOfARequestWithABody) {
  framing = {Framing::Kind::chunked, 0};
  EXPECT_EQ(asked({"websocket"}), "");
  framing = {Framing::Kind::length, 1};
  EXPECT_EQ(asked({"websocket"}), "");
  framing = {Framing::Kind::length, 0};
  EXPECT_EQ(asked({"websocket"}), "websocket");
}

TEST_F(AskedProtocol, IsNoneWhereTheMethodForbids) {
  for (auto method : {Method::head, Method::connect, Method::trace}) {
    head.method = method;
    EXPECT_EQ(asked({"websocket"}), "") << name(method);
  }
  for (auto method : {Method::get, Method::post, Method::other}) {
    head.method = method;
    EXPECT_EQ(asked({"websocket"}), "websocket") << name(method);
  }
}

TEST(SameProtocol, IgnoresCase) {
  EXPECT_TRUE(same_protocol("WebSocket", "websocket"));
  EXPECT_FALSE(same_protocol("websocket", "websocket/13"));
  EXPECT_FALSE(same_protocol("websocket", ""));
}

}  // namespace
}  // namespace sluice::http::upgrade_test
