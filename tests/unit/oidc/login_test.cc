// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/login.h"

#include <gtest/gtest.h>

namespace sluice::oidc::login_test {
namespace {

using namespace std::chrono_literals;

TEST(Login, HasRandomsOfItsOwn) {
  Login a = begin_login("https://a/cb", "/x", base::WallTime(7s)), b = begin_login("", "", {});

  EXPECT_NE(a.state, b.state);
  EXPECT_NE(a.id(), b.id());
  EXPECT_NE(a.nonce, b.nonce);
  EXPECT_NE(a.verifier, b.verifier);
  EXPECT_EQ(a.verifier.size(), 43u);
  EXPECT_EQ(a.id(), a.state.substr(0, 8));
}

TEST(Login, IsReadAsItWasWritten) {
  Login login = begin_login("https://a/cb", "/x?y=z", base::WallTime(7s));
  std::string bytes = pack(login);

  EXPECT_EQ(unpack_login(bytes), login);
  for (std::size_t n = 0; n < bytes.size(); ++n)
    EXPECT_EQ(unpack_login(bytes.substr(0, n)), std::nullopt) << n;
  EXPECT_EQ(unpack_login(bytes + "x"), std::nullopt);
}

// RFC 7636 appendix B.
TEST(Challenge, IsTheOneOfTheRfc) {
  EXPECT_EQ(challenge_of("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk"),
            "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM");
}

TEST(Parameters, AreAddedToAUrlAndEncoded) {
  const std::pair<std::string_view, std::string_view> both[] = {{"a", "b c&d"}, {"none", ""}, {"e", "/?"}};
  EXPECT_EQ(with_parameters("https://idp/auth", both), "https://idp/auth?a=b%20c%26d&e=%2F%3F");
  EXPECT_EQ(with_parameters("https://idp/auth?x=1", both), "https://idp/auth?x=1&a=b%20c%26d&e=%2F%3F");
  EXPECT_EQ(with_parameters("https://idp/auth?", both), "https://idp/auth?a=b%20c%26d&e=%2F%3F");
  EXPECT_EQ(form_of(both), "a=b%20c%26d&e=%2F%3F");
}

TEST(WayBack, IsAPathOnThisHostAndNothingElse) {
  EXPECT_EQ(safe_way_back("/a/b?c=//d"), "/a/b?c=//d");
  EXPECT_EQ(safe_way_back("/"), "/");
  for (std::string evil :
       {"//evil.example", "///evil.example", "/\\evil.example", "https://evil.example", "javascript:alert(1)",
        "evil", "", "\\\\evil", "/a\r\nSet-Cookie: x=y", "/\t/evil", "/ü"})
    EXPECT_EQ(safe_way_back(evil), "/") << evil;
  EXPECT_EQ(safe_way_back("/" + std::string(2000, 'x')), "/");
}

}  // namespace
}  // namespace sluice::oidc::login_test
