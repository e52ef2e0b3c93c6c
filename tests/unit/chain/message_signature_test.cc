// SPDX-License-Identifier: Apache-2.0
// With the request and the keys of RFC 9421 appendix B.
#include "gateway/chain/message_signature.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"
#include "gateway/jose/key.h"

#include "tests/support/fake_stream.h"

namespace sluice::chain {
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

}  // namespace
}  // namespace sluice::chain
