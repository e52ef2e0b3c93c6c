// SPDX-License-Identifier: Apache-2.0
// With the request and the keys of RFC 9421 appendix B.
#include "gateway/chain/message_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"
#include "gateway/jose/key.h"

#include "tests/support/fake_stream.h"

namespace sluice::chain::message_signature_test {
namespace {

using testing::HasSubstr;

constexpr const char* kDigest =
    "sha-512=:WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==:";

class MessageSignatures : public testing::Test {
 protected:
  MessageSignatures() : fake_("/foo?param=Value&Pet=dog", "POST", "example.com") {
    auto& fields = fake_.request().fields;
    fields.add("Date", "Tue, 20 Apr 2021 02:07:55 GMT");
    fields.add("Content-Type", "application/json");
    fields.add("Content-Digest", kDigest);
    fields.add("Content-Length", "18");
  }
  void sign(std::string_view input, std::string_view signature = "sig=:AAAA:") {
    auto& arena = fake_.ex.arena;
    fake_.request().fields.set("Signature-Input", arena.copy(input));
    fake_.request().fields.set("Signature", arena.copy(signature));
  }
  // The text that a signature of that input has signed, or why there is none.
  std::string base(std::string_view input, std::string_view scheme = "https") {
    sign(input);
    auto all = message_signatures(fake_.request().fields, fake_.ex.arena);
    if (!all) return all.error().detail;
    auto text = signature_base(fake_.request(), scheme, all->front());
    return text ? *text : text.error().detail;
  }
  bool signed_by(const jose::Key& key, jose::Algorithm algorithm) {
    auto all = message_signatures(fake_.request().fields, fake_.ex.arena);
    if (!all || all->size() != 1) return false;
    auto text = signature_base(fake_.request(), "https", all->front());
    return text && jose::checks(key, algorithm, *text, all->front().signature);
  }

  test::FakeExchange fake_;
};

TEST_F(MessageSignatures, AreThoseOfTheRfcWithHmac) {
  jose::Key secret = jose::HmacKey(*base::decode_base64(
      "uzvJfB4u3N0Jy4T7NZ75MDVcr8zSTInedJtkgcu46YW4XByzNJjxBdtjUkdJPBtbmHhIDi6pcl8jsasjlTMtDQ=="));
  sign(R"(sig-b25=("date" "@authority" "content-type");created=1618884473;keyid="test-shared-secret")",
       "sig-b25=:pxcQw6G3AjtMBQjwo8XzkZf/bws5LelbaMk5rGIGtE8=:");

  EXPECT_TRUE(signed_by(secret, jose::Algorithm::hs256));

  fake_.request().fields.set("Content-Type", "text/plain");
  EXPECT_FALSE(signed_by(secret, jose::Algorithm::hs256));
}

TEST_F(MessageSignatures, AreThoseOfTheRfcWithEd25519) {
  auto key = jose::key_of_pem(
      "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAJrQLj5P/89iXES9+vFgrIy29clF9CC/oPPsw3c5D0bs=\n"
      "-----END PUBLIC KEY-----\n");
  ASSERT_TRUE(key);
  sign(R"(sig-b26=("date" "@method" "@path" "@authority" "content-type" "content-length");created=1618884473)"
       R"(;keyid="test-key-ed25519")",
       "sig-b26=:wqcAqbmYJ2ji2glfAMaRy4gruYYnx2nEFN2HN6jrnDnQCK1u02Gb04v9EDgwUPiu4A0w6vuQv5lIp5WPpBKRCw==:");

  EXPECT_TRUE(signed_by(*key, jose::Algorithm::eddsa));

  fake_.request().path = "/bar";
  EXPECT_FALSE(signed_by(*key, jose::Algorithm::eddsa));
}

// B.2.1 to B.2.3, by the key of B.1.2.
TEST_F(MessageSignatures, AreThoseOfTheRfcWithRsaPss) {
  auto key = jose::key_of_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MIIBIjANBgkqhkiG9w0BAQEFAAOCAQ8AMIIBCgKCAQEAr4tmm3r20Wd/PbqvP1s2\n"
      "+QEtvpuRaV8Yq40gjUR8y2Rjxa6dpG2GXHbPfvMs8ct+Lh1GH45x28Rw3Ry53mm+\n"
      "oAXjyQ86OnDkZ5N8lYbggD4O3w6M6pAvLkhk95AndTrifbIFPNU8PPMO7OyrFAHq\n"
      "gDsznjPFmTOtCEcN2Z1FpWgchwuYLPL+Wokqltd11nqqzi+bJ9cvSKADYdUAAN5W\n"
      "Utzdpiy6LbTgSxP7ociU4Tn0g5I6aDZJ7A8Lzo0KSyZYoA485mqcO0GVAdVw9lq4\n"
      "aOT9v6d+nb4bnNkQVklLQ3fVAvJm+xdDOp9LCNCN48V2pnDOkFV6+U9nV5oyc6XI\n"
      "2wIDAQAB\n-----END PUBLIC KEY-----\n");
  ASSERT_TRUE(key);
  struct Vector {
    const char *input, *signature;
  };
  const Vector vectors[] = {
      {R"(sig=();created=1618884473;keyid="test-key-rsa-pss";nonce="b3k2pp5k7z-50gnwp.yemd")",
       "sig=:d2pmTvmbncD3xQm8E9ZV2828BjQWGgiwAaw5bAkgibUopemLJcWDy/"
       "lkbbHAve4cRAtx31Iq786U7it++wgGxbtRxf8Udx7zFZsc"
       "kzXaJMkA7ChG52eSkFxykJeNqsrWH5S+oxNFlD4dzVuwe8DhTSja8xxbR/"
       "Z2cOGdCbzR72rgFWhzx2VjBqJzsPLMIQKhO4DGezXehhWwE"
       "56YCE+O6c0mKZsfxVrogUvA4HELjVKWmAvtl6UnCh8jYzuVG5WSb/QEVPnP5TmcAnLH1g+s++v6d4s8m0gCw1fV5/"
       "SITLq9mhho8K3+7E"
       "PYTU8IU1bLhdxO5Nyt8C8ssinQ98Xw9Q==:"},
      {R"(sig=("@authority" "content-digest" "@query-param";name="Pet");created=1618884473)"
       R"(;keyid="test-key-rsa-pss";tag="header-example")",
       "sig=:"
       "LjbtqUbfmvjj5C5kr1Ugj4PmLYvx9wVjZvD9GsTT4F7GrcQEdJzgI9qHxICagShLRiLMlAJjtq6N4CDfKtjvuJyE5qH7KT8UCMkS"
       "owOB4+ECxCmT8rtAmj/0PIXxi0A0nxKyB09RNrCQibbUjsLS/"
       "2YyFYXEu4TRJQzRw1rLEuEfY17SARYhpTlaqwZVtR8NV7+4UKkjqpcAo"
       "FqWFQh62s7Cl+H2fjBSpqfZUJcsIk4N6wiKYd4je2U/lankenQ99PZfB4jY3I5rSV2DSBVkSFsURIjYErOs0tFTQosMTAoxk//"
       "0RoKUqi"
       "YY8Bh0aaUEb0rQl3/XaVe4bXTugEjHSw==:"},
      {R"(sig=("date" "@method" "@path" "@query" "@authority" "content-type" "content-digest" "content-length"))"
       R"(;created=1618884473;keyid="test-key-rsa-pss")",
       "sig=:bbN8oArOxYoyylQQUU6QYwrTuaxLwjAC9fbY2F6SVWvh0yBiMIRGOnMYwZ/"
       "5MR6fb0Kh1rIRASVxFkeGt683+qRpRRU5p2voTp76"
       "8ZrCUb38K0fUxN0O0iC59DzYx8DFll5GmydPxSmme9v6ULbMFkl+V5B1TP/yPViV7KsLNmvKiLJH1pFkh/"
       "aYA2HXXZzNBXmIkoQoLd7Yf"
       "W91kE9o/"
       "CCoC1xMy7JA1ipwvKvfrs65ldmlu9bpG6A9BmzhuzF8Eim5f8ui9eH8LZH896+QIF61ka39VBrohr9iyMUJpvRX2Zbhl5ZJzS"
       "RxpJyoEZAFL2FUo5fTIztsDZKEgM4cUA==:"}};
  for (const Vector& v : vectors) {
    sign(v.input, v.signature);
    EXPECT_TRUE(signed_by(*key, jose::Algorithm::ps512)) << v.input;
    EXPECT_FALSE(signed_by(*key, jose::Algorithm::rs256)) << v.input;
  }
  fake_.request().fields.set("Content-Digest", "sha-512=:AAAA:");
  EXPECT_FALSE(signed_by(*key, jose::Algorithm::ps512));
}

// B.2.4 is the signature of a response, which is none of our messages: its text is as it stands there.
TEST(MessageSignature, IsThatOfTheRfcWithEcdsa) {
  auto key = jose::key_of_pem(
      "-----BEGIN PUBLIC KEY-----\n"
      "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEqIVYZVLCrPZHGHjP17CTW0/+D9Lf\n"
      "w0EkjqF7xB4FivAxzic30tMM4GF+hR6Dxh71Z50VGGdldkkDXZCnTNnoXQ==\n"
      "-----END PUBLIC KEY-----\n");
  ASSERT_TRUE(key);
  std::string text =
      "\"@status\": 200\n\"content-type\": application/json\n\"content-digest\": "
      "sha-512=:mEWXIS7MaLRuGgxOBdODa3xqM1XdEvxoYhvlCFJ41QJgJc4GTsPp29l5oGX69wWdXymyU0rjJuahq4l5aGgfLQ==:\n"
      "\"content-length\": 23\n"
      "\"@signature-params\": (\"@status\" \"content-type\" \"content-digest\" \"content-length\")"
      ";created=1618884473;keyid=\"test-key-ecc-p256\"";
  auto signature = base::decode_base64(
      "wNmSUAhwb5LxtOtOpNa6W5xj067m5hFrj0XQ4fvpaCLx0NKocgPquLgyahnzDnDAUy5eCdlYUEkLIj+32oiasw==");
  ASSERT_TRUE(signature);
  EXPECT_TRUE(jose::checks(*key, jose::Algorithm::es256, text, *signature));
  text[10] = '1';
  EXPECT_FALSE(jose::checks(*key, jose::Algorithm::es256, text, *signature));
}

TEST_F(MessageSignatures, HaveABaseOfEachComponent) {
  fake_.request().fields.add("X-List", " a ");
  fake_.request().fields.add("x-list", "b");
  EXPECT_EQ(
      base(
          R"(sig=("@method" "@target-uri" "@authority" "@scheme" "@request-target" "@path" "@query" "x-list");created=1)"),
      "\"@method\": POST\n\"@target-uri\": https://example.com/foo?param=Value&Pet=dog\n"
      "\"@authority\": example.com\n\"@scheme\": https\n\"@request-target\": /foo?param=Value&Pet=dog\n"
      "\"@path\": /foo\n\"@query\": ?param=Value&Pet=dog\n\"x-list\": a, b\n"
      "\"@signature-params\": (\"@method\" \"@target-uri\" \"@authority\" \"@scheme\" \"@request-target\" "
      "\"@path\" \"@query\" \"x-list\");created=1");
}

TEST_F(MessageSignatures, CoverQueryParametersByName) {
  EXPECT_EQ(base(R"(sig=("@query-param";name="Pet" "@query-param";name="param"))"),
            "\"@query-param\";name=\"Pet\": dog\n\"@query-param\";name=\"param\": Value\n"
            "\"@signature-params\": (\"@query-param\";name=\"Pet\" \"@query-param\";name=\"param\")");
  EXPECT_THAT(base(R"(sig=("@query-param";name="none"))"), HasSubstr("not there once"));
  EXPECT_THAT(base(R"(sig=("@query-param"))"), HasSubstr("without a name"));
  fake_.request().query = "a=1&a=2";
  EXPECT_THAT(base(R"(sig=("@query-param";name="a"))"), HasSubstr("not there once"));
}

// Section 2.2.8: its example, and what the URL standard keeps and encodes in forms unlike elsewhere.
TEST_F(MessageSignatures, WriteQueryParametersAsTheUrlStandardDoes) {
  fake_.request().query =
      "var=this%20is%20a%20big%0Amultiline%20value&bar=with+plus+whitespace&fa%C3%A7ade%22%3A%20=something"
      "&star=a*b%2A&tilde=~%7e";
  auto value = [&](const std::string& name) {
    std::string item = "\"@query-param\";name=\"" + name + "\"";
    std::string text = base("sig=(" + item + ")");
    return text.substr(item.size(), text.find('\n') - item.size());
  };
  EXPECT_EQ(value("var"), ": this%20is%20a%20big%0Amultiline%20value");
  EXPECT_EQ(value("bar"), ": with%20plus%20whitespace");
  EXPECT_EQ(value("fa%C3%A7ade%22%3A%20"), ": something");
  EXPECT_EQ(value("star"), ": a*b*");
  EXPECT_EQ(value("tilde"), ": %7E%7E");
}

TEST_F(MessageSignatures, CoverTheTargetAsItWasSent) {
  auto target = [&](std::string_view sent) {
    fake_.request().target = sent;
    std::string text = base(R"(sig=("@request-target"))");
    return text.substr(0, text.find('\n'));
  };
  EXPECT_EQ(target("/f%6Fo?param=Value&Pet=dog"), "\"@request-target\": /f%6Fo?param=Value&Pet=dog");
  EXPECT_EQ(target("http://example.com/foo?param=Value&Pet=dog"),
            "\"@request-target\": http://example.com/foo?param=Value&Pet=dog");
  // The log is not to see `Pet`, but the upstream is.
  EXPECT_EQ(target("/foo?param=Value"), "\"@request-target\": /foo?param=Value&Pet=dog");
  EXPECT_EQ(target("/foo"), "\"@request-target\": /foo?param=Value&Pet=dog");
  fake_.request().has_query = false;
  fake_.request().query = "";
  EXPECT_EQ(target("/foo?Pet=dog"), "\"@request-target\": /foo");
  EXPECT_EQ(target("/f%6Fo"), "\"@request-target\": /f%6Fo");
}

TEST_F(MessageSignatures, LeaveTheSchemesOwnPortAway) {
  fake_.request().authority = "EXAMPLE.com:443";
  EXPECT_THAT(base(R"(sig=("@authority"))"), HasSubstr(": example.com\n"));
  EXPECT_THAT(base(R"(sig=("@authority"))", "http"), HasSubstr(": example.com:443\n"));
}

TEST_F(MessageSignatures, CoverNothingThatIsNotUnderstood) {
  EXPECT_THAT(base(R"(sig=("@status"))"), HasSubstr("not known here"));
  EXPECT_THAT(base(R"(sig=("date";sf))"), HasSubstr("not known here"));
  EXPECT_THAT(base(R"(sig=("@method";req))"), HasSubstr("not known here"));
  EXPECT_THAT(base(R"(sig=("Date"))"), HasSubstr("not in lower case"));
  EXPECT_THAT(base(R"(sig=("x-none"))"), HasSubstr("does not have"));
  EXPECT_THAT(base(R"(sig=("date" "date"))"), HasSubstr("twice"));
  EXPECT_THAT(base(R"(sig=(date))"), HasSubstr("no component"));
}

TEST_F(MessageSignatures, SayWhoAndWhen) {
  sign(R"(a=("@method");created=5;expires=7;keyid="k";nonce="n";alg="ed25519";tag="t", b=();created=1)",
       "b=:AAA=:, a=:AAAA:");

  auto all = message_signatures(fake_.request().fields, fake_.ex.arena);

  ASSERT_TRUE(all);
  ASSERT_EQ(all->size(), 2u);
  EXPECT_EQ((*all)[0].key_id, "k");
  EXPECT_EQ((*all)[0].created, 5);
  EXPECT_EQ((*all)[0].expires, 7);
  EXPECT_EQ((*all)[0].nonce, "n");
  EXPECT_EQ((*all)[0].algorithm, "ed25519");
  EXPECT_EQ((*all)[0].tag, "t");
  EXPECT_TRUE((*all)[0].covers("@method"));
  EXPECT_FALSE((*all)[0].covers("@path"));
  EXPECT_EQ((*all)[1].signature.size(), 2u);
}

TEST_F(MessageSignatures, AreRefusedWhenTheyDoNotFitTogether) {
  auto why = [&](std::string_view input, std::string_view signature) {
    sign(input, signature);
    auto all = message_signatures(fake_.request().fields, fake_.ex.arena);
    return all ? "" : all.error().detail;
  };
  EXPECT_THAT(why("sig=()", "other=:AAAA:"), HasSubstr("without its Signature"));
  EXPECT_THAT(why("sig=()", "sig=\"text\""), HasSubstr("without its Signature"));
  EXPECT_THAT(why("sig=1", "sig=:AAAA:"), HasSubstr("without its Signature"));
  EXPECT_THAT(why("sig=(", "sig=:AAAA:"), HasSubstr("malformed"));
  EXPECT_THAT(why("sig=()", "sig=:A:"), HasSubstr("malformed"));
  EXPECT_THAT(why("sig=();created=\"now\"", "sig=:AAAA:"), HasSubstr("wrong kind"));
  EXPECT_THAT(why("sig=();keyid=7", "sig=:AAAA:"), HasSubstr("wrong kind"));
  fake_.request().fields.remove("Signature");
  auto alone = message_signatures(fake_.request().fields, fake_.ex.arena);
  EXPECT_THAT(alone.error().detail, HasSubstr("one of Signature-Input and Signature only"));
}

// Of a request with that line.
bool digest_fits(std::string_view line, std::string_view body) {
  base::Arena arena;
  http::Fields fields(arena);
  fields.add("Content-Digest", line);
  return chain::digest_fits(fields, body);
}

TEST(ContentDigest, IsComparedWithTheBody) {
  std::string body = "{\"hello\": \"world\"}";
  EXPECT_TRUE(digest_fits(kDigest, body));
  EXPECT_FALSE(digest_fits(kDigest, body + "\n"));
  EXPECT_TRUE(digest_fits("sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", body + "\n"));
  // All that are known must be right, and one must be known.
  EXPECT_FALSE(
      digest_fits(std::string(kDigest) + ", sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:", body));
  EXPECT_TRUE(digest_fits("md5=:AAAA:, " + std::string(kDigest), body));
  EXPECT_FALSE(digest_fits("md5=:AAAA:", body));
  EXPECT_FALSE(digest_fits("", body));
  EXPECT_FALSE(digest_fits("sha-256=\"text\"", body));
}

// RFC 9110 section 5.3.
TEST(ContentDigest, IsThatOfAllItsLines) {
  std::string body = "{\"hello\": \"world\"}";
  base::Arena arena;
  http::Fields fields(arena);
  EXPECT_FALSE(chain::digest_fits(fields, body));
  fields.add("Content-Digest", "md5=:AAAA:");
  EXPECT_FALSE(chain::digest_fits(fields, body));
  fields.add("content-digest", kDigest);
  EXPECT_TRUE(chain::digest_fits(fields, body));
  fields.add("Content-Digest", "sha-256=:RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=:");
  EXPECT_FALSE(chain::digest_fits(fields, body));
}

}  // namespace
}  // namespace sluice::chain::message_signature_test
