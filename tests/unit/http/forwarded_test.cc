// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/forwarded.h"

#include <gtest/gtest.h>

#include <string>

#include "gateway/http/stream.h"

namespace sluice::http::forwarded_test {
namespace {

net::Address address(std::string_view ip, std::uint16_t port = 0) {
  return net::Address::parse(ip, port).value();
}
net::Address unix_peer() {
  const sockaddr any{AF_UNIX, {}};
  return net::Address::from(&any, sizeof any);
}

TrustedProxies trusting(std::initializer_list<std::string_view> networks, bool rfc7239 = false) {
  TrustedProxies out;
  for (auto n : networks) out.from.push_back(net::Cidr::parse(n).value());
  out.rfc7239 = rfc7239;
  return out;
}

// What the proxy at 10.0.0.1 tells by these lines of one field.
struct Told {
  explicit Told(FieldId id, std::initializer_list<std::string_view> lines,
                std::initializer_list<std::string_view> trusted = {"10.0.0.0/8", "2001:db8::/32"})
      : fields(arena) {
    for (auto line : lines) fields.add(id, line);
    facts =
        read_forwarded(fields, address("10.0.0.1", 4000), trusting(trusted, id == FieldId::forwarded), arena);
  }
  std::string client() const { return facts ? facts->client.text() : "nobody"; }
  std::string chain() const { return facts ? std::string(facts->chain) : "none"; }

  base::Arena arena;
  Fields fields;
  const Forwarded* facts = nullptr;
};

std::string client_by_x(std::initializer_list<std::string_view> lines) {
  return Told(FieldId::x_forwarded_for, lines).client();
}
std::string client_by_rfc(std::initializer_list<std::string_view> lines) {
  return Told(FieldId::forwarded, lines).client();
}

TEST(ReadForwarded, BelievesNobodyWhoIsNotListed) {
  base::Arena arena;
  Fields fields(arena);
  fields.add(FieldId::x_forwarded_for, "203.0.113.7");

  EXPECT_EQ(read_forwarded(fields, address("192.0.2.1"), {}, arena), nullptr);
  EXPECT_EQ(read_forwarded(fields, address("192.0.2.1"), trusting({"10.0.0.0/8"}), arena), nullptr);
}

TEST(ReadForwarded, TakesTheRightMostAddressThatIsNoProxy) {
  EXPECT_EQ(client_by_x({"203.0.113.7"}), "203.0.113.7:0");
  EXPECT_EQ(client_by_x({"1.1.1.1, 203.0.113.7, 10.0.0.2"}), "203.0.113.7:0");
  EXPECT_EQ(client_by_x({"1.1.1.1", "203.0.113.7,10.0.0.3", "10.0.0.2"}), "203.0.113.7:0");
  EXPECT_EQ(client_by_x({"203.0.113.7, ,,"}), "203.0.113.7:0");
}

TEST(ReadForwarded, TakesTheFirstAddressIfAllAreProxies) {
  EXPECT_EQ(client_by_x({"10.0.0.9, 10.0.0.2"}), "10.0.0.9:0");
}

TEST(ReadForwarded, UnderstandsPortsAndIpv6) {
  EXPECT_EQ(client_by_x({"203.0.113.7:5000"}), "203.0.113.7:5000");
  EXPECT_EQ(client_by_x({"2001:470::1"}), "[2001:470::1]:0");
  EXPECT_EQ(client_by_x({"[2001:470::1]"}), "[2001:470::1]:0");
  EXPECT_EQ(client_by_x({"[2001:470::1]:443, 2001:db8::5"}), "[2001:470::1]:443");
}

TEST(ReadForwarded, StopsAtThePeerWhenTheChainCannotBeRead) {
  for (std::string_view chain :
       {"", "unknown", "203.0.113.7, ?", "203.0.113.7, 10.0.0.2:99999", "[203.0.113.7]", "[::1",
        "1.2.3.4:", "203.0.113.7 10.0.0.2", "203.0.113.7, \"", "010.0.0.2"}) {
    Told told(FieldId::x_forwarded_for, {chain});
    EXPECT_EQ(told.client(), "10.0.0.1:4000") << chain;
    EXPECT_EQ(told.chain(), "") << chain;
  }
}

TEST(ReadForwarded, StopsAtThePeerWhenTheChainHasNoEnd) {
  std::string chain = "203.0.113.7";
  for (int i = 0; i < 40; ++i) chain += ", 10.0.0.2";
  EXPECT_EQ(client_by_x({chain}), "10.0.0.1:4000");
}

TEST(ReadForwarded, DoesNotLookAtWhatAnybodyMayHaveWritten) {
  Told told(FieldId::x_forwarded_for, {"\"nonsense, 999.1.1.1, 203.0.113.7"});

  EXPECT_EQ(told.client(), "203.0.113.7:0");
  EXPECT_EQ(told.chain(), "\"nonsense, 999.1.1.1, 203.0.113.7");
}

TEST(ReadForwarded, KeepsSchemeAndHostThatMakeSense) {
  base::Arena arena;
  auto told = [&](std::string_view proto, std::string_view host) {
    Fields fields(arena);
    fields.add(FieldId::x_forwarded_proto, proto);
    fields.add(FieldId::x_forwarded_host, host);
    const auto* facts = read_forwarded(fields, address("10.0.0.1"), trusting({"10.0.0.0/8"}), arena);
    return std::string(facts->scheme) + " " + std::string(facts->host);
  };
  EXPECT_EQ(told("https", "shop.example.com:8443"), "https shop.example.com:8443");
  EXPECT_EQ(told("WSS", "shop"), "https shop");
  EXPECT_EQ(told("ftp", "a b"), " ");
  EXPECT_EQ(told("https,http", ""), " ");
}

TEST(ReadForwarded, ReadsForwarded) {
  EXPECT_EQ(client_by_rfc({"for=203.0.113.7;proto=https;by=10.0.0.1"}), "203.0.113.7:0");
  EXPECT_EQ(client_by_rfc({"for=1.1.1.1, For=\"203.0.113.7:80\" , for=10.0.0.2"}), "203.0.113.7:80");
  EXPECT_EQ(client_by_rfc({"for=\"[2001:470::1]:4711\""}), "[2001:470::1]:4711");
  EXPECT_EQ(client_by_rfc({"for=1.1.1.1;x=\"a,b\", for=203.0.113.7;x=\"for=9.9.9.9, \""}), "203.0.113.7:0");
  for (std::string_view chain :
       {"for=unknown", "for=_hidden", "proto=https", "for=1.1.1.1;for=2.2.2.2", "for", "for=\"1.1.1.1"})
    EXPECT_EQ(client_by_rfc({chain}), "10.0.0.1:4000") << chain;
}

TEST(ReadForwarded, IsNotFooledByAQuoteThatAClientLeftOpen) {
  Told told(FieldId::forwarded, {"for=\"6.6.6.6, for=203.0.113.7;proto=https"});

  EXPECT_EQ(told.client(), "203.0.113.7:0");
  EXPECT_EQ(told.facts->scheme, "https");
  EXPECT_EQ(told.chain(), "");  // so that the next reader is not fooled either
}

TEST(ReadForwarded, TakesSchemeAndHostOfTheClientsElement) {
  Told told(FieldId::forwarded,
            {"for=203.0.113.7;proto=https;host=\"shop:8443\", for=10.0.0.2;proto=http;host=lb"});

  EXPECT_EQ(told.facts->scheme, "https");
  EXPECT_EQ(told.facts->host, "shop:8443");
}

TEST(ReadForwarded, ReadsOnlyTheFieldThatProxiesAreKnownToWrite) {
  base::Arena arena;
  Fields fields(arena);
  fields.add(FieldId::forwarded, "for=6.6.6.6;proto=https");
  fields.add(FieldId::x_forwarded_for, "203.0.113.7");

  const auto* facts = read_forwarded(fields, address("10.0.0.1"), trusting({"10.0.0.0/8"}), arena);

  EXPECT_EQ(facts->client.ip(), "203.0.113.7");
  EXPECT_EQ(facts->scheme, "");
}

// The lines for a target.
class ForwardedLines : public testing::Test {
 protected:
  std::string lines(Telling telling, std::string_view host = "shop.example.com") {
    char ip[net::Address::kLongestIp];
    return std::string(forwarded_lines(telling, facts, facts.peer.ip(ip), host, arena));
  }
  void told(FieldId id, std::string_view chain, const net::Address& peer) {
    Fields fields(arena);
    fields.add(id, chain);
    facts.forwarded =
        read_forwarded(fields, peer, trusting({"10.0.0.0/8", "unix"}, id == FieldId::forwarded), arena);
    facts.peer = facts.forwarded->client;
  }

  base::Arena arena;
  ListenerFacts listener{"web", "http", 0};
  ConnectionFacts facts{&listener, address("203.0.113.7", 5000)};
};

TEST_F(ForwardedLines, TellOfTheClient) {
  EXPECT_EQ(
      lines(Telling::x_forwarded),
      "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Host: shop.example.com\r\nX-Forwarded-Proto: http\r\n");
  EXPECT_EQ(lines(Telling::rfc7239), "Forwarded: for=203.0.113.7;host=\"shop.example.com\";proto=http\r\n");
  EXPECT_EQ(lines(Telling::both), lines(Telling::x_forwarded) + lines(Telling::rfc7239));
  EXPECT_EQ(lines(Telling::off), "");
  EXPECT_EQ(lines(Telling::x_forwarded, ""), "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\n");
  facts.peer = address("2001:470::1");
  EXPECT_EQ(lines(Telling::rfc7239, ""), "Forwarded: for=\"[2001:470::1]\";proto=http\r\n");
  facts.peer = unix_peer();
  EXPECT_EQ(lines(Telling::both, ""), "X-Forwarded-Proto: http\r\nForwarded: for=unknown;proto=http\r\n");
}

TEST_F(ForwardedLines, ContinueTheChainOfATrustedProxy) {
  told(FieldId::x_forwarded_for, "1.1.1.1, 203.0.113.7, 10.0.0.2", address("10.0.0.1"));

  EXPECT_EQ(lines(Telling::x_forwarded, ""),
            "X-Forwarded-For: 1.1.1.1, 203.0.113.7, 10.0.0.2, 10.0.0.1\r\nX-Forwarded-Proto: http\r\n");
  // In the other form: what is trusted of it.
  EXPECT_EQ(lines(Telling::rfc7239, ""),
            "Forwarded: for=203.0.113.7, for=10.0.0.2, for=10.0.0.1;proto=http\r\n");
}

TEST_F(ForwardedLines, ContinueForwardedToo) {
  told(FieldId::forwarded, "for=203.0.113.7;proto=https;host=shop", address("10.0.0.1"));

  EXPECT_EQ(lines(Telling::both, "lb"),
            "X-Forwarded-For: 203.0.113.7, 10.0.0.1\r\nX-Forwarded-Host: shop\r\nX-Forwarded-Proto: https\r\n"
            "Forwarded: for=203.0.113.7;proto=https;host=shop, for=10.0.0.1;host=\"shop\";proto=https\r\n");
}

TEST_F(ForwardedLines, HaveNoAddressForAProxyOnAUnixSocket) {
  told(FieldId::x_forwarded_for, "203.0.113.7", unix_peer());

  EXPECT_EQ(lines(Telling::x_forwarded, ""), "X-Forwarded-For: 203.0.113.7\r\nX-Forwarded-Proto: http\r\n");
}

}  // namespace
}  // namespace sluice::http::forwarded_test
