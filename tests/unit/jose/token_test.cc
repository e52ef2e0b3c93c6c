// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/token.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"

#include "tests/support/signer.h"

namespace sluice::jose::token_test {
namespace {

using test::Signer;
using testing::HasSubstr;

KeySet keys_of(std::initializer_list<const Signer*> signers, bool secrets = false) {
  KeySet out;
  for (const Signer* s : signers) {
    auto json = Json::parse(s->jwk());
    out.add(std::move(*parse_jwk(*json, json->root(), secrets)));
  }
  return out;
}
Signature judge(const std::string& text, const KeySet& keys) {
  auto token = parse_token(text);
  if (!token) throw std::runtime_error(token.error().detail);
  return check_signature(*token, keys);
}
std::string why_no_token(std::string_view text) {
  auto token = parse_token(text);
  return token ? "" : token.error().detail;
}
std::string with_header(std::string_view header) { return base::encode_base64url(header) + ".e30.AAAA"; }

TEST(Token, SaysWhatItsHeaderSays) {
  auto text = Signer("ES256").token(R"({"typ":"application/at+JWT","alg":"ES256","kid":"k"})", "{}");

  auto token = parse_token(text);

  ASSERT_TRUE(token);
  EXPECT_EQ(token->algorithm, Algorithm::es256);
  EXPECT_EQ(token->key_id, "k");
  EXPECT_EQ(token->type, "at+JWT");
}

TEST(Token, IsRefusedWithoutAlgorithm) {
  for (std::string_view alg : {"\"none\"", "\"None\"", "\"nOnE\"", "\"\"", "null", "[\"RS256\"]", "{}", "1"})
    EXPECT_NE(why_no_token(with_header("{\"alg\":" + std::string(alg) + "}")), "") << alg;
  EXPECT_NE(why_no_token(with_header("{}")), "");
  // As attackers send it: without a signature, or with one that nobody is to look at.
  EXPECT_NE(why_no_token("eyJhbGciOiJub25lIn0.e30."), "");
  EXPECT_NE(why_no_token("eyJhbGciOiJub25lIn0.e30.AAAA"), "");
}

TEST(Token, IsRefusedWhenItIsMalformed) {
  EXPECT_THAT(why_no_token(""), HasSubstr("no JSON Web Token"));
  EXPECT_THAT(why_no_token("a.b"), HasSubstr("no JSON Web Token"));
  EXPECT_THAT(why_no_token("a.b.c.d"), HasSubstr("no JSON Web Token"));
  EXPECT_THAT(why_no_token("a.b.c.d.e"), HasSubstr("encrypted"));
  EXPECT_THAT(why_no_token(".."), HasSubstr("no JSON object"));
  EXPECT_THAT(why_no_token("e30=.e30.AAAA"), HasSubstr("not base64url"));
  EXPECT_THAT(why_no_token(with_header("[]")), HasSubstr("no JSON object"));
  EXPECT_THAT(why_no_token(with_header(R"({"alg":"RS256","alg":"HS256"})")), HasSubstr("no JSON object"));
  EXPECT_THAT(why_no_token(with_header(R"({"alg":"RS256","crit":["exp"]})")), HasSubstr("`crit`"));
  EXPECT_THAT(why_no_token(with_header(R"({"alg":"RS256","b64":false,"crit":["b64"]})")),
              HasSubstr("`crit`"));
  EXPECT_THAT(why_no_token(with_header(R"({"alg":"RS256","kid":7})")), HasSubstr("`kid` that is no text"));
  EXPECT_THAT(why_no_token(with_header(R"({"alg":"RS256","typ":["JWT"]})")), HasSubstr("`typ`"));
  EXPECT_THAT(why_no_token(base::encode_base64url(R"({"alg":"RS256"})") + ".e30."),
              HasSubstr("no signature"));
  EXPECT_THAT(why_no_token(base::encode_base64url(R"({"alg":"RS256"})") + ".e30.A"),
              HasSubstr("no signature"));
}

TEST(Token, IsRefusedWhenItIsTooLarge) {
  EXPECT_THAT(why_no_token(std::string(Token::kMaxSize + 1, 'a')), HasSubstr("too large"));
  EXPECT_THAT(why_no_token(with_header(R"({"alg":"RS256","x":")" + std::string(4000, 'x') + "\"}")),
              HasSubstr("too large a header"));
  EXPECT_THAT(why_no_token(with_header(R"({"alg":"RS256","kid":")" + std::string(300, 'x') + "\"}")),
              HasSubstr("too long a `kid`"));
}

TEST(TokenSignature, IsByTheKeyThatTheTokenNames) {
  Signer a("ES256", "a"), b("ES256", "b");
  auto keys = keys_of({&a, &b});

  EXPECT_EQ(judge(a.token("{}"), keys), Signature::good);
  EXPECT_EQ(judge(b.token("{}"), keys), Signature::good);
  EXPECT_EQ(judge(a.token(b.header(), "{}"), keys), Signature::bad);
  EXPECT_EQ(judge(a.token(R"({"alg":"ES256"})", "{}"), keys), Signature::good);  // names none
}

TEST(TokenSignature, HasNoKeyWhenNoneCanHaveMadeIt) {
  Signer known("ES256", "a"), newer("ES256", "b"), other("RS256", "a");
  auto keys = keys_of({&known});

  EXPECT_EQ(judge(newer.token("{}"), keys), Signature::no_key);
  EXPECT_EQ(judge(other.token("{}"), keys), Signature::no_key);
  EXPECT_EQ(judge(known.token("{}"), KeySet()), Signature::no_key);
}

TEST(TokenSignature, MayBeByANewerKeyUnlessTheOneThatItNamesWasTried) {
  Signer known("ES256", "a"), nameless("ES256", ""), newer("ES256", "b");

  EXPECT_EQ(judge(newer.token(R"({"alg":"ES256"})", "{}"), keys_of({&known})), Signature::unnamed);
  EXPECT_EQ(judge(newer.token("{}"), keys_of({&nameless})), Signature::unnamed);
  EXPECT_EQ(judge(newer.token(known.header(), "{}"), keys_of({&nameless, &known})), Signature::bad);
}

// Whatever stands in `kid` is compared with ids and goes nowhere else.
TEST(TokenSignature, IsNotFoundByInjectedKeyIds) {
  Signer known("ES256", "a");
  auto keys = keys_of({&known});

  for (std::string_view kid : {"../../dev/null", "a' OR '1'='1", "/proc/sys/kernel/randomize_va_space",
                               "a\\u0000", "https://attacker.example/jwks", "A", "a "})
    EXPECT_EQ(judge(known.token(R"({"alg":"ES256","kid":")" + std::string(kid) + "\"}", "{}"), keys),
              Signature::no_key)
        << kid;
}

TEST(TokenSignature, IsNotByAKeyThatTheTokenBringsAlong) {
  Signer known("ES256", "a"), attacker("ES256", "a");
  auto keys = keys_of({&known});

  std::string header =
      R"({"alg":"ES256","kid":"a","jku":"https://attacker.example","jwk":)" + attacker.jwk() + "}";
  EXPECT_EQ(judge(attacker.token(header, "{}"), keys), Signature::bad);
}

TEST(TokenSignature, ByAPublicKeyTakenForASecretIsNone) {
  Signer rsa("RS256", "a"), hmac("HS256", "a");
  auto keys = keys_of({&rsa}, true);

  EXPECT_EQ(judge(hmac.token("{}"), keys), Signature::no_key);
}

TEST(TokenSignature, IsTriedWithAFewKeysOnly) {
  std::vector<Signer> others;
  KeySet keys;
  for (int i = 0; i < 20; ++i) others.emplace_back("EdDSA", "k" + std::to_string(i));
  for (const Signer& s : others) {
    auto json = Json::parse(s.jwk());
    keys.add(std::move(*parse_jwk(*json, json->root(), false)));
  }

  EXPECT_EQ(judge(others[19].token("{}"), keys), Signature::good);
  EXPECT_EQ(judge(others[19].token(R"({"alg":"EdDSA"})", "{}"), keys), Signature::unnamed);
}

class Claims : public testing::Test {
 protected:
  std::string why_bad(std::string_view claims) const {
    auto json = Json::parse(claims);
    if (!json) return "no JSON";
    auto checked = check_claims(*json, rules, now);
    return checked ? "" : checked.error().detail;
  }
  // The claims of a good token, but for what `more` says.
  std::string why_bad_with(std::string_view more) const {
    return why_bad(R"({"iss":"https://idp","aud":"api",)" + std::string(more) + "}");
  }
  static base::WallTime at(long seconds) { return base::WallTime(std::chrono::seconds(seconds)); }

  ClaimRules rules{"https://idp", {"api", "api2"}, {"JWT", "at+jwt"}};
  base::WallTime now = at(1'700'000'000);
};

TEST_F(Claims, MustBeFromTheIssuerToTheByte) {
  EXPECT_EQ(why_bad(R"({"iss":"https://idp","aud":"api","exp":1700000001})"), "");
  for (std::string_view iss : {"\"https://idp/\"", "\"https://IDP\"", "[\"https://idp\"]", "null", "1"})
    EXPECT_THAT(why_bad("{\"aud\":\"api\",\"exp\":1700000001,\"iss\":" + std::string(iss) + "}"),
                HasSubstr("issuer"));
  EXPECT_THAT(why_bad(R"({"aud":"api","exp":1700000001})"), HasSubstr("issuer"));
}

TEST_F(Claims, MustNameOneOfTheAudiences) {
  auto with = [&](std::string_view aud) {
    return why_bad("{\"iss\":\"https://idp\",\"exp\":1700000001,\"aud\":" + std::string(aud) + "}");
  };
  EXPECT_EQ(with("\"api2\""), "");
  EXPECT_EQ(with("[\"other\",\"api\"]"), "");
  for (std::string_view bad : {"\"API\"", "\"ap\"", "[]", "[[\"api\"]]", "{\"api\":1}", "null"})
    EXPECT_THAT(with(bad), HasSubstr("audience")) << bad;
  EXPECT_THAT(why_bad(R"({"iss":"https://idp","exp":1700000001})"), HasSubstr("audience"));
  rules.audiences.clear();
  EXPECT_EQ(why_bad(R"({"iss":"https://idp","exp":1700000001})"), "");
}

TEST_F(Claims, ExpireWithALeewayOfAMinute) {
  EXPECT_EQ(why_bad_with("\"exp\":1699999941"), "");
  EXPECT_EQ(why_bad_with("\"exp\":1699999940.5"), "");
  EXPECT_THAT(why_bad_with("\"exp\":1699999940"), HasSubstr("expired"));
  EXPECT_THAT(why_bad_with("\"exp\":0"), HasSubstr("expired"));
  EXPECT_THAT(why_bad_with("\"sub\":\"x\""), HasSubstr("does not say when it expires"));
}

TEST_F(Claims, BeginWithALeewayOfAMinute) {
  EXPECT_EQ(why_bad_with("\"exp\":1800000000,\"nbf\":1700000060,\"iat\":1700000060"), "");
  EXPECT_THAT(why_bad_with("\"exp\":1800000000,\"nbf\":1700000061"), HasSubstr("not good yet (`nbf`)"));
  EXPECT_THAT(why_bad_with("\"exp\":1800000000,\"iat\":1700000061"), HasSubstr("not good yet (`iat`)"));
}

TEST_F(Claims, HaveTimesThatAreNumbers) {
  for (std::string_view bad :
       {"\"exp\":\"1800000000\"", "\"exp\":null", "\"exp\":-1", "\"exp\":1e300", "\"exp\":1e999",
        "\"exp\":1800000000,\"nbf\":\"0\"", "\"exp\":1800000000,\"iat\":[]"})
    EXPECT_THAT(why_bad_with(bad), HasSubstr("no time")) << bad;
}

TEST_F(Claims, FollowTheClockWhenItSteps) {
  now = at(1'700'000'000 - 3600);
  EXPECT_THAT(why_bad_with("\"exp\":1700003600,\"iat\":1700000000"), HasSubstr("not good yet"));
  now = at(1'700'000'000 + 7200);
  EXPECT_THAT(why_bad_with("\"exp\":1700003600,\"iat\":1700000000"), HasSubstr("expired"));
}

TEST_F(Claims, AreOfATypeThatIsTaken) {
  auto type = [&](std::string_view typ) {
    auto token = parse_token(with_header(R"({"alg":"ES256","typ":")" + std::string(typ) + "\"}"));
    return static_cast<bool>(check_type(*token, rules));
  };
  EXPECT_TRUE(type("JWT"));
  EXPECT_TRUE(type("jwt"));
  EXPECT_TRUE(type("application/at+jwt"));
  EXPECT_FALSE(type("logout+jwt"));
  EXPECT_FALSE(type("dpop+jwt"));
  EXPECT_TRUE(check_type(*parse_token(with_header(R"({"alg":"ES256"})")), rules));
}

TEST_F(Claims, TellTheirEnd) {
  EXPECT_EQ(expiry(*Json::parse(R"({"exp":1700000000.9})")), at(1'700'000'000));
  EXPECT_EQ(expiry(*Json::parse("{}")), base::WallTime{});
  EXPECT_EQ(expiry(*Json::parse(R"({"exp":1e300})")), base::WallTime{});
}

TEST(TokenClaims, AreAJsonObject) {
  Signer signer;
  EXPECT_TRUE(parse_claims(*parse_token(signer.token("{\"a\":1}"))));
  for (std::string_view bad : {"", "[]", "1", "{\"a\":1,\"a\":2}", "{", "text"}) {
    std::string text = signer.token(bad);
    auto token = parse_token(text);
    ASSERT_TRUE(token);
    EXPECT_THAT(parse_claims(*token).error().detail, HasSubstr("no JSON object")) << bad;
  }
  std::string text = base::encode_base64url(signer.header()) + ".e30=.AAAA";
  EXPECT_THAT(parse_claims(*parse_token(text)).error().detail, HasSubstr("not base64url"));
}

}  // namespace
}  // namespace sluice::jose::token_test
