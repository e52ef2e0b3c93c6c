// SPDX-License-Identifier: Apache-2.0
#include "tests/support/tls.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/upstream.h"

namespace sluice::test::tls_test {
namespace {

using ::testing::HasSubstr;

class TlsOfTests : public ::testing::Test {
 protected:
  TlsOfTests() { users_.answers(200, "ok"); }
  Authority authority_, stranger_{"Stranger"};
  Issued issued_ = authority_.issue({.names = {"users.test"}, .common_name = "users"});
  Upstream users_;
};

TEST_F(TlsOfTests, CarriesRequestsBothWays) {
  users_.speak_tls({.certificate = issued_});
  TlsClient client(users_.port(), {.host = "users.test", .ca = authority_.certificate()});

  auto response = client.ask(post("/", patterned(300'000)));

  EXPECT_EQ(client.failure(), "");
  EXPECT_EQ(response.body, "ok");
  EXPECT_EQ(users_.request().body, patterned(300'000));
  EXPECT_EQ(users_.sni(), "users.test");
  EXPECT_EQ(client.server(), "users");
}

TEST_F(TlsOfTests, BelievesOnlyWhomItIsToldToUnderTheRightName) {
  users_.speak_tls({.certificate = issued_});

  TlsClient another_name(users_.port(), {.host = "other.test", .ca = authority_.certificate()});
  TlsClient another_authority(users_.port(), {.host = "users.test", .ca = stranger_.certificate()});
  TlsClient everything(users_.port(), {.host = ""});

  EXPECT_THAT(another_name.failure(), HasSubstr("certificate verify failed"));
  EXPECT_FALSE(another_name.open());
  EXPECT_THAT(another_authority.failure(), HasSubstr("certificate verify failed"));
  EXPECT_EQ(everything.failure(), "");
  EXPECT_EQ(everything.ask(get("/")).body, "ok");
}

TEST_F(TlsOfTests, ResumesASession) {
  users_.speak_tls({.certificate = issued_});
  TlsClient first(users_.port(), {.host = "users.test"});
  EXPECT_EQ(first.ask(get("/")).body, "ok");
  EXPECT_FALSE(first.resumed());

  TlsClient second(users_.port(), {.host = "users.test", .session = first.session()});

  EXPECT_TRUE(second.resumed());
  EXPECT_EQ(second.ask(get("/")).body, "ok");
  EXPECT_EQ(users_.resumed(), 1u);
}

TEST_F(TlsOfTests, AsksForACertificateOfItsAuthority) {
  users_.speak_tls({.certificate = issued_, .client_ca = authority_.certificate()});
  TlsWishes wishes{.host = "users.test", .max_version = TLS1_2_VERSION};

  TlsClient nobody(users_.port(), wishes);
  wishes.identity = stranger_.issue({.client = true});
  TlsClient stranger(users_.port(), wishes);
  wishes.identity = authority_.issue({.client = true});
  TlsClient known(users_.port(), wishes);

  EXPECT_NE(nobody.failure(), "");
  EXPECT_NE(stranger.failure(), "");
  EXPECT_EQ(known.ask(get("/")).body, "ok");
}

TEST_F(TlsOfTests, ChoosesHttp2WhereItIsToldTo) {
  for (bool h2 : {false, true}) {
    users_.speak_tls({.certificate = issued_, .h2 = h2});
    TlsClient client(users_.port(), {.host = "users.test", .alpn = "\2h2\x08http/1.1"});

    const unsigned char* chosen = nullptr;
    unsigned size = 0;
    SSL_get0_alpn_selected(client.ssl(), &chosen, &size);
    EXPECT_EQ(size, h2 ? 2u : 0u);
  }
}

TEST_F(TlsOfTests, KeepsToTheVersionThatItIsTold) {
  users_.speak_tls({.certificate = issued_, .max_version = TLS1_2_VERSION});
  TlsClient client(users_.port(), {.host = "users.test"});

  ASSERT_EQ(client.failure(), "");
  EXPECT_EQ(SSL_version(client.ssl()), TLS1_2_VERSION);
}

TEST_F(TlsOfTests, SaysWhyThereIsNoConnection) {
  users_.answers_with("no TLS at all", true);
  users_.stop_listening();

  EXPECT_EQ(TlsClient(users_.port()).failure(), "no connection");
}

}  // namespace
}  // namespace sluice::test::tls_test
