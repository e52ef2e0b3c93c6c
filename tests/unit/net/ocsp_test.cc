// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/ocsp.h"

#include <gmock/gmock.h>

#include "tests/support/certificates.h"

namespace sluice::net::ocsp_test {
namespace {

using test::OcspSays;
using ::testing::HasSubstr;

class Ocsp : public testing::Test {
 protected:
  base::Result<OcspAnswer> believe(const std::string& der) {
    return believe_ocsp(der, leaf(), issuer(), now_);
  }
  std::string refusal(const std::string& der) {
    auto answer = believe(der);
    return answer ? "believed" : answer.error().detail;
  }
  X509* leaf() const { return certificate_.leaf.get(); }
  X509* issuer() const { return issuer_.front().get(); }

  test::Authority authority_;
  std::vector<X509Ptr> issuer_ = authority_.load();
  test::Issued issued_ = authority_.issue();
  Certificate certificate_ = issued_.load();
  std::time_t now_ = std::time(nullptr);
};

TEST_F(Ocsp, BelievesAGoodAnswerUntilItEnds) {
  auto der = authority_.vouch(issued_, {.ends = 1000});
  auto answer = believe(der);

  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_EQ(answer->der, der);
  EXPECT_NEAR(static_cast<double>(answer->expires), static_cast<double>(now_ + 1000), 30);
}

TEST_F(Ocsp, VouchesWithoutRegardToTheDate) {
  auto refused = [&](const std::string& der) {
    auto good = vouches(der, leaf(), issuer());
    return good ? "" : good.error().detail;
  };

  EXPECT_EQ(refused(authority_.vouch(issued_, {.begins = -2000, .ends = -1000})), "");
  EXPECT_EQ(refused(authority_.vouch(issued_, {.revoked = true})), "says that the certificate is revoked");
  EXPECT_EQ(refused(test::Authority("Other").vouch(issued_)), "is about another certificate");
}

// As `openssl ocsp -sha256` asks for it.
TEST_F(Ocsp, KnowsItsCertificateByWhateverHashTheAnswerNamesIt) {
  auto refused = [&](const std::string& der) {
    auto good = vouches(der, leaf(), issuer());
    return good ? "" : good.error().detail;
  };

  EXPECT_EQ(refused(authority_.vouch(issued_, {.by_sha256 = true})), "");
  EXPECT_EQ(refused(authority_.vouch(issued_, {.revoked = true, .by_sha256 = true})),
            "says that the certificate is revoked");
  EXPECT_EQ(refused(authority_.vouch(authority_.issue(), {.by_sha256 = true})),
            "is about another certificate");
}

TEST_F(Ocsp, GivesAnAnswerWithoutAnEndAnHour) {
  auto answer = believe(authority_.vouch(issued_, {.begins = -1000, .ends = 0}));

  ASSERT_TRUE(answer) << answer.error().detail;
  EXPECT_NEAR(static_cast<double>(answer->expires), static_cast<double>(now_ - 1000 + kUndatedAnswer), 30);
  EXPECT_EQ(refusal(authority_.vouch(issued_, {.begins = -4000, .ends = 0})), "has expired");
}

TEST_F(Ocsp, KnowsTheIssuer) {
  test::Authority namesake;  // the same name, another key

  EXPECT_TRUE(issued_by(leaf(), issuer()));
  EXPECT_FALSE(issued_by(leaf(), namesake.load().front().get()));
  EXPECT_FALSE(issued_by(leaf(), leaf()));
}

TEST_F(Ocsp, RefusesWhatIsNotGood) {
  EXPECT_EQ(refusal(authority_.vouch(issued_, {.revoked = true})), "says that the certificate is revoked");
  EXPECT_EQ(refusal(authority_.vouch(issued_, {.begins = -2000, .ends = -1000})), "has expired");
  EXPECT_EQ(refusal(authority_.vouch(issued_, {.begins = 1000})), "is not valid yet");
  EXPECT_EQ(refusal(authority_.vouch(authority_.issue())), "is about another certificate");
  EXPECT_EQ(refusal(""), "is no OCSP response");
  EXPECT_EQ(refusal("<html>garbage</html>"), "is no OCSP response");
  EXPECT_EQ(refusal(std::string("\x30\x03\x0a\x01\x06", 5)), "says unauthorized");  // RFC 6960 section 4.2.1
}

TEST_F(Ocsp, BelievesWhomTheIssuerHasNamedForIt) {
  auto named = authority_.issue({.ocsp_signing = true}), another = authority_.issue();
  auto strange = test::Authority("Stranger").issue({.ocsp_signing = true});

  EXPECT_EQ(refusal(authority_.vouch(issued_, {}, named)), "believed");
  EXPECT_THAT(refusal(authority_.vouch(issued_, {}, another)), HasSubstr("is not signed by the issuer"));
  EXPECT_THAT(refusal(authority_.vouch(issued_, {}, strange)), HasSubstr("is not signed by the issuer"));
}

TEST_F(Ocsp, RefusesWhatTheIssuerHasNotSigned) {
  test::Authority stranger("Stranger");
  EXPECT_THAT(refusal(authority_.vouch(issued_, {}, stranger.own())),
              HasSubstr("is not signed by the issuer"));

  std::string forged = authority_.vouch(issued_);
  auto good = forged.find(std::string("\x80\x00", 2));  // certStatus: good, and what follows is signed
  ASSERT_NE(good, std::string::npos);
  forged[good] = '\x82';  // unknown
  EXPECT_THAT(refusal(forged), HasSubstr("is not signed by the issuer"));
}

TEST_F(Ocsp, AsksAboutTheCertificate) {
  auto question = ocsp_question(leaf(), issuer());
  const ASN1_INTEGER* serial = X509_get0_serialNumber(leaf());
  std::string number(reinterpret_cast<const char*>(ASN1_STRING_get0_data(serial)),
                     static_cast<std::size_t>(ASN1_STRING_length(serial)));

  EXPECT_THAT(question, HasSubstr(number));
}

TEST_F(Ocsp, KnowsWhoCanBeAsked) {
  auto responder = parse_responder("http://ocsp.example.com/a/b?c");
  ASSERT_TRUE(responder);
  EXPECT_EQ(responder->host, "ocsp.example.com");
  EXPECT_EQ(responder->port, "80");
  EXPECT_EQ(responder->target, "/a/b?c");
  EXPECT_EQ(parse_responder("http://h:8080")->port, "8080");
  EXPECT_EQ(parse_responder("http://h:8080")->target, "/");
  EXPECT_EQ(parse_responder("http://[::1]:81/")->host, "::1");
  EXPECT_EQ(parse_responder("http://[::1]")->port, "80");
  for (auto url : {"https://h/", "ldap://h/", "http://", "http://:80/", "http://h:/", "http://h:x/",
                   "http://u@h/", "http://h/ x", "http://h/\r\nA: b", "file:///etc/passwd", ""})
    EXPECT_FALSE(parse_responder(url)) << url;
}

TEST_F(Ocsp, FindsTheResponderInTheCertificate) {
  EXPECT_FALSE(responder_of(leaf()));
  auto with = authority_.issue({.responder = "http://ocsp.example.com/"}).load();
  EXPECT_EQ(responder_of(with.leaf.get())->url, "http://ocsp.example.com/");
  EXPECT_FALSE(responder_of(authority_.issue({.responder = "https://h/"}).load().leaf.get()));
}

TEST_F(Ocsp, SeesThatACertificateDemandsAStaple) {
  EXPECT_FALSE(must_staple(leaf()));
  EXPECT_TRUE(must_staple(authority_.issue({.must_staple = true}).load().leaf.get()));
}

TEST_F(Ocsp, StaplesNothingThatHasExpired) {
  Staple staple("a.pem", leaf(), issuer(), *parse_responder("http://h/"));
  EXPECT_EQ(staple.answer(now_), nullptr);

  staple.put({"der", now_ + 10});

  EXPECT_EQ(staple.answer(now_ + 9)->der, "der");
  EXPECT_EQ(staple.answer(now_ + 10), nullptr);
}

}  // namespace
}  // namespace sluice::net::ocsp_test
