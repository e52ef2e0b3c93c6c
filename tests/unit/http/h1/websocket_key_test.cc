// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/websocket_key.h"

#include <gtest/gtest.h>

#include <set>
#include <string>

namespace sluice::http::h1::websocket_key_test {
namespace {

TEST(WebSocketKey, IsAnsweredAsTheRfcShows) {
  // RFC 6455 section 1.3.
  EXPECT_EQ(accept_of("dGhlIHNhbXBsZSBub25jZQ==").view(), "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
}

TEST(WebSocketKey, IsSixteenBytesInBase64AndNeverTheSame) {
  std::set<std::string> keys;
  for (int i = 0; i < 1000; ++i) {
    auto key = make_websocket_key();
    EXPECT_TRUE(key.view().ends_with("=="));
    EXPECT_EQ(
        key.view().find_first_not_of("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"),
        22u);
    EXPECT_TRUE(keys.insert(std::string(key.view())).second);
  }
}

}  // namespace
}  // namespace sluice::http::h1::websocket_key_test
