// SPDX-License-Identifier: Apache-2.0
#include "tests/support/h2_client.h"

#include <gtest/gtest.h>

#include "tests/support/gateway.h"

namespace sluice::test::h2_client_test {
namespace {

constexpr std::string_view kHello =
    "routes: [{name: r, match: {path: /**}, respond: {status: 200, body: hello}}]";

TEST(H2Frames, AreWrittenAsRfc9113HasThem) {
  EXPECT_EQ(h2::ping("12345678"), std::string("\0\0\x08\x06\0\0\0\0\0", 9) + "12345678");
  EXPECT_EQ(h2::block({{"a", "bc"}}), std::string("\0\1a\2bc", 6));
  EXPECT_EQ(h2::block({{"a", std::string(200, 'x')}}).substr(0, 5), std::string("\0\1a\x7f\x49", 5));
  EXPECT_EQ(h2::window_update(3, 258), std::string("\0\0\x04\x08\0\0\0\0\x03\0\0\x01\x02", 13));
}

TEST(H2Frames, GoOnInContinuations) {
  auto bytes = h2::headers(1, {{"a", std::string(20'000, 'x')}}, true);

  EXPECT_EQ(bytes[3], h2::kHeaders);
  EXPECT_EQ(bytes[4], h2::kEndStream);
  EXPECT_EQ(bytes[9 + 16384 + 3], h2::kContinuation);
  EXPECT_EQ(bytes[9 + 16384 + 4], h2::kEndHeaders);
}

TEST(H2Client, GetsAnAnswer) {
  Gateway gw(kHello, Downstream::h2);

  auto response = gw.h2().get("/");

  EXPECT_TRUE(response.complete);
  EXPECT_EQ(response.fault, "");
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.version, "HTTP/2");
  EXPECT_EQ(response.value("content-length"), "5");
  EXPECT_EQ(response.body, "hello");
}

TEST(H2Client, SaysWhetherTheConnectionLives) {
  Gateway gw(kHello, Downstream::h2);
  auto client = gw.h2();

  EXPECT_TRUE(client.alive());
  EXPECT_EQ(client.settings_acks(), 1u);
  client.send("no frame at all, and much too long for one");
  EXPECT_FALSE(client.alive());
  EXPECT_TRUE(client.ended());
}

TEST(Gateway, IsAskedOverWhatItIsTold) {
  Gateway gw(kHello, Downstream::h2);

  EXPECT_EQ(gw.get("/").version, "HTTP/2");
  EXPECT_EQ(gw.connect().ask(get("/")).version, "HTTP/1.1");
}

}  // namespace
}  // namespace sluice::test::h2_client_test
