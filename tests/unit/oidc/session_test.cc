// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/session.h"

#include <gtest/gtest.h>

#include "gateway/base/base64.h"
#include "gateway/jose/json.h"

namespace sluice::oidc::session_test {
namespace {

using namespace std::chrono_literals;
using base::WallTime;

Session some_session() {
  return {"a.b.c",
          "access",
          std::string("re\0fresh", 8),
          "openid orders",
          WallTime(1700000000s),
          WallTime(1700000100s),
          WallTime(1700000200s),
          WallTime(1700000140s)};
}

TEST(Session, IsReadAsItWasWritten) {
  EXPECT_EQ(unpack_session(pack(some_session())), some_session());
  EXPECT_EQ(unpack_session(pack(Session())), Session());
}

TEST(Session, IsNoneIfAnythingIsMissingOrTooMuch) {
  std::string bytes = pack(some_session());
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_EQ(unpack_session(bytes.substr(0, n)), std::nullopt) << n;
  EXPECT_EQ(unpack_session(bytes + "x"), std::nullopt);
  bytes[0] = 2;
  EXPECT_EQ(unpack_session(bytes), std::nullopt);
  EXPECT_EQ(unpack_session("\x01" + std::string(8, '\xFF')), std::nullopt) << "a length beyond all memory";
}

TEST(Session, IsNoneIfATimeLiesBeyondTheCalendar) {
  Session late = some_session();
  late.used = WallTime(9000000001s);
  EXPECT_EQ(unpack_session(pack(late)), std::nullopt);
}

TEST(Session, EndsWhenNobodyUsesItAndAtTheLatestAfterItsAge) {
  Session s = some_session();
  EXPECT_EQ(end_of(s, {30min, 12h}), s.used + 30min);
  EXPECT_EQ(end_of(s, {30min, 10min}), s.started + 10min);
}

std::string claims(const std::string& payload, const std::string& scope) {
  Session s;
  s.id_token = "h." + base::encode_base64url(payload) + ".s";
  s.scope = scope;
  auto out = claims_of(s);
  return out ? *out : "none";
}

TEST(ClaimsOfASession, AreThoseOfTheTokenWithTheScopeThatWasGranted) {
  EXPECT_EQ(claims(R"({"sub":"a"})", "x y"), R"({"sub":"a","scope":"x y"})");
  EXPECT_EQ(claims("{\"sub\":\"a\"}\n ", "x"), "{\"sub\":\"a\",\"scope\":\"x\"}\n ");
  EXPECT_EQ(claims("{}", "x"), R"({"scope":"x"})");
  EXPECT_EQ(claims(R"({"sub":"a"})", ""), R"({"sub":"a"})");
  EXPECT_EQ(claims(R"({"scope":"own"})", "x"), R"({"scope":"own"})");
  EXPECT_EQ(claims(R"({"a":{}})", R"("},{)"), R"({"a":{},"scope":"\"},{"})");
}

TEST(ClaimsOfASession, AreNoneOfWhatIsNoToken) {
  EXPECT_EQ(claims("[]", ""), "none");
  EXPECT_EQ(claims("{", "x"), "none");
  for (std::string token : {"", "a", "a.b", "a.!.c"}) {
    Session s;
    s.id_token = token;
    EXPECT_EQ(claims_of(s), std::nullopt) << token;
  }
}

}  // namespace
}  // namespace sluice::oidc::session_test
