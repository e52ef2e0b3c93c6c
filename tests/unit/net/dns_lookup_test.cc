// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/dns_lookup.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>

#include "tests/support/fake_dns.h"

namespace sluice::net::dns_lookup_test {
namespace {

using namespace std::chrono_literals;
using test::FakeDns;
using testing::ElementsAre;
using testing::HasSubstr;

class DnsLookupTest : public testing::Test {
 protected:
  Answer ask(const std::string& name, Asked what = Asked::addresses) {
    std::optional<Answer> answer;
    lookup_.start(name, what, [&](Answer a) { answer = std::move(a); });
    EXPECT_FALSE(answer) << "never from inside start()";
    control_.restart();
    while (!answer && control_.run_one() > 0) {
    }
    return answer.value_or(failed_answer("never answered"));
  }
  // "10.0.0.1 10.0.0.2", "none: ..." or "failed: ...".
  std::string addresses(const std::string& name) {
    auto answer = ask(name);
    if (!answer.good()) return (answer.none ? "none: " : "failed: ") + answer.addresses.error().detail;
    std::string out;
    for (const auto& a : *answer.addresses) out += (out.empty() ? "" : " ") + a.ip();
    return out;
  }

  boost::asio::io_context control_;
  FakeDns dns_;
  DnsLookup lookup_{control_, {{dns_.address()}}};  // patient enough for a machine under load
};

TEST_F(DnsLookupTest, GivesTheAddressesAndHowLongTheyAreGood) {
  dns_.resolves("orders.test.", {});
  dns_.resolves("orders.test", {"127.0.0.2", "127.0.0.3"}, 7);

  auto answer = ask("orders.test.");

  ASSERT_TRUE(answer.good());
  EXPECT_EQ(answer.addresses->size(), 2u);
  EXPECT_EQ(answer.addresses->front().text(), "127.0.0.2:0");
  EXPECT_EQ(answer.ttl, 7s);
  EXPECT_EQ(answer.unknown_family, 0);
}

TEST_F(DnsLookupTest, TellsNamesThatStandForNothingFromServersThatFail) {
  dns_.behaves("empty.test", FakeDns::Mood::nothing);
  dns_.behaves("broken.test", FakeDns::Mood::servfail);
  dns_.behaves("refused.test", FakeDns::Mood::refused);

  EXPECT_EQ(addresses("gone.test."), "none: no such name");
  EXPECT_EQ(addresses("empty.test."), "none: the name has no address");
  EXPECT_THAT(addresses("broken.test."), HasSubstr("failed: "));
  EXPECT_THAT(addresses("refused.test."), HasSubstr("failed: "));
}

TEST_F(DnsLookupTest, TakesHalfAnAnswerForHalfAFailure) {
  dns_.resolves("half.test", {"127.0.0.2"});
  dns_.behaves("half.test", FakeDns::Mood::servfail, 28);
  dns_.resolves("other.test", {"127.0.0.2"});
  dns_.behaves("other.test", FakeDns::Mood::servfail, 1);

  auto answer = ask("half.test.");

  ASSERT_TRUE(answer.good());
  EXPECT_EQ(answer.unknown_family, AF_INET6);
  EXPECT_THAT(addresses("other.test."), HasSubstr("failed: ")) << "it may have addresses after all";
}

TEST_F(DnsLookupTest, AsksOverTcpForWhatDoesNotFit) {
  dns_.resolves("long.test", {"127.0.0.2"});
  dns_.behaves("long.test", FakeDns::Mood::truncated);

  EXPECT_EQ(addresses("long.test."), "127.0.0.2");
}

TEST_F(DnsLookupTest, TakesRubbishForAFailure) {
  dns_.behaves("rubbish.test", FakeDns::Mood::garbage);

  EXPECT_THAT(addresses("rubbish.test."), HasSubstr("failed: "));
  EXPECT_THAT(ask("rubbish.test.", Asked::service).good(), false);
}

TEST_F(DnsLookupTest, GivesThePlacesOfAService) {
  dns_.places("_http._tcp.orders.test", {{"b.test", 81, 1, 5}, {"a.test", 80, 0, 9}}, 3);

  auto answer = ask("_http._tcp.orders.test.", Asked::service);

  ASSERT_TRUE(answer.good());
  EXPECT_THAT(answer.places, ElementsAre(ServicePlace{"a.test", 80, 0, 9}, ServicePlace{"b.test", 81, 1, 5}));
  EXPECT_EQ(answer.ttl, 3s);
  EXPECT_TRUE(ask("_http._tcp.none.test.", Asked::service).none);
}

TEST_F(DnsLookupTest, SaysWhenNoServerAnswers) {
  dns_.behaves("slow.test", FakeDns::Mood::silent);
  lookup_.use({{dns_.address()}, 20ms});

  EXPECT_THAT(addresses("slow.test."), HasSubstr("failed: "));
  EXPECT_GE(dns_.questions("slow.test"), 4u) << "each of the two once more";
}

TEST_F(DnsLookupTest, ReadsTheHostsFileFirst) {
  auto answer = ask("localhost");

  ASSERT_TRUE(answer.good());
  for (const auto& a : *answer.addresses) EXPECT_TRUE(a.loopback()) << a.text();
  EXPECT_EQ(answer.ttl, DnsLookup::kHostsFile);
  EXPECT_EQ(dns_.questions("localhost"), 0u);
  EXPECT_EQ(addresses("some.localhost").substr(0, 9), "127.0.0.1");
}

TEST_F(DnsLookupTest, SaysWhyANameCannotBeAskedFor) {
  EXPECT_THAT(addresses(std::string(300, 'a')), HasSubstr("failed: "));
}

TEST_F(DnsLookupTest, AsksOtherServersFromThenOn) {
  FakeDns other;
  other.resolves("orders.test", {"127.0.0.9"});

  lookup_.use({{other.address()}});

  EXPECT_EQ(addresses("orders.test."), "127.0.0.9");
}

TEST_F(DnsLookupTest, AnswersNobodyOnceItIsDestroyed) {
  dns_.behaves("slow.test", FakeDns::Mood::silent);
  bool answered = false;
  {
    DnsLookup lookup(control_, {{dns_.address()}});
    lookup.start("slow.test.", Asked::addresses, [&](Answer) { answered = true; });
    lookup.start("localhost", Asked::addresses, [&](Answer) { answered = true; });
  }

  control_.run();

  EXPECT_FALSE(answered);
}

TEST(FullNames, FollowTheSearchListByTheNumberOfDots) {
  std::vector<std::string> domains{"a.test", "b.test"};

  EXPECT_THAT(full_names("orders", domains, 1), ElementsAre("orders.a.test", "orders.b.test", "orders"));
  EXPECT_THAT(full_names("orders.shop", domains, 1),
              ElementsAre("orders.shop", "orders.shop.a.test", "orders.shop.b.test"));
  EXPECT_THAT(full_names("orders.shop", domains, 5),
              ElementsAre("orders.shop.a.test", "orders.shop.b.test", "orders.shop"));
  EXPECT_THAT(full_names("orders.", domains, 5), ElementsAre("orders"));
  EXPECT_EQ(full_names(std::string(250, 'a'), domains, 1).size(), 1u);
}

}  // namespace
}  // namespace sluice::net::dns_lookup_test
