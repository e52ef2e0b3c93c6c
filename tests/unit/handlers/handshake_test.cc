// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/handshake.h"

#include <gtest/gtest.h>

#include "tests/support/fake_stream.h"

namespace sluice::handlers::handshake_test {
namespace {

using base::Reason;

constexpr std::string_view kKey = "Sec-WebSocket-Key", kVersion = "Sec-WebSocket-Version";

struct Handshake : testing::Test {
  void ask(std::string_view key, std::string_view version, std::string_view protocol = "websocket") {
    fake.request().upgrade = protocol;
    if (!key.empty()) fake.request().fields.add(kKey, key);
    if (!version.empty()) fake.request().fields.add(kVersion, version);
  }
  test::FakeExchange fake{"/chat"};
};

TEST_F(Handshake, OfRfc6455IsGood) {
  ask("dGhlIHNhbXBsZSBub25jZQ==", "13", "WebSocket");

  EXPECT_TRUE(opens_rightly(fake.ex));
  EXPECT_FALSE(fake.ex.answered_locally);
}

TEST_F(Handshake, OfAnotherProtocolIsNotOurs) {
  ask("", "", "raw");

  EXPECT_TRUE(opens_rightly(fake.ex));
}

TEST_F(Handshake, OfAnotherVersionIsToldOurs) {
  ask("dGhlIHNhbXBsZSBub25jZQ==", "8");

  EXPECT_FALSE(opens_rightly(fake.ex));
  EXPECT_EQ(fake.response().status, 426);
  EXPECT_EQ(fake.ex.reason, Reason::upgrade_required);
  EXPECT_EQ(fake.response().fields.find(kVersion)->value, "13");
  EXPECT_EQ(fake.response().upgrade, "websocket");
}

TEST_F(Handshake, WithoutAVersionIsToldOurs) {
  ask("dGhlIHNhbXBsZSBub25jZQ==", "");

  EXPECT_FALSE(opens_rightly(fake.ex));
  EXPECT_EQ(fake.response().status, 426);
}

TEST_F(Handshake, WithTwoVersionsIsToldOurs) {
  ask("dGhlIHNhbXBsZSBub25jZQ==", "13");
  fake.request().fields.add(kVersion, "13");

  EXPECT_FALSE(opens_rightly(fake.ex));
  EXPECT_EQ(fake.response().status, 426);
}

TEST_F(Handshake, NeedsAKeyOfSixteenBytes) {
  for (std::string_view key :
       {"", "dGhlIHNhbXBsZSBub25jZQ", "dGhlIHNhbXBsZSBub25j", "dGhlIHNhbXBsZSBub25jZX==x",
        "dGhlIHNhbXBsZSBub25jZQE=", "!GhlIHNhbXBsZSBub25jZQ=="}) {
    test::FakeExchange fresh{"/chat"};
    fresh.request().upgrade = "websocket";
    fresh.request().fields.add(kVersion, "13");
    if (!key.empty()) fresh.request().fields.add(kKey, key);

    EXPECT_FALSE(opens_rightly(fresh.ex)) << key;
    EXPECT_EQ(fresh.response().status, 400) << key;
  }
}

TEST_F(Handshake, IsMadeByGet) {
  test::FakeExchange post{"/chat", "POST"};
  post.request().upgrade = "websocket";

  EXPECT_FALSE(opens_rightly(post.ex));
  EXPECT_EQ(post.response().status, 400);
}

TEST_F(Handshake, OfHttp2HasNoKey) {
  fake.request().version = http::Version::http_2;
  ask("", "");
  EXPECT_TRUE(opens_rightly(fake.ex));

  fake.request().fields.add(kVersion, "12");
  EXPECT_FALSE(opens_rightly(fake.ex));
  EXPECT_EQ(fake.response().status, 426);
}

}  // namespace
}  // namespace sluice::handlers::handshake_test
