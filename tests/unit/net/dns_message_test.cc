// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/dns_message.h"

#include <gtest/gtest.h>

#include <random>
#include <string>

namespace sluice::net::dns_message_test {
namespace {

std::string u16(unsigned n) { return {static_cast<char>(n >> 8), static_cast<char>(n)}; }
std::string u32(std::uint32_t n) { return u16(n >> 16) + u16(n & 0xffff); }
std::string name(std::string_view dotted) {
  std::string out;
  while (!dotted.empty()) {
    auto label = dotted.substr(0, dotted.find('.'));
    out += static_cast<char>(label.size()) + std::string(label);
    dotted.remove_prefix(std::min(dotted.size(), label.size() + 1));
  }
  return out + '\0';
}
// A record for the name of the question.
std::string record(unsigned type, std::uint32_t ttl, const std::string& data, unsigned of_class = 1) {
  return "\xc0\x0c" + u16(type) + u16(of_class) + u32(ttl) + u16(static_cast<unsigned>(data.size())) + data;
}
std::string message(std::initializer_list<std::string> records) {
  std::string out = u16(7) + u16(0x8180) + u16(1) + u16(static_cast<unsigned>(records.size())) + u32(0);
  out += name("orders.test") + u16(1) + u16(1);
  for (const auto& r : records) out += r;
  return out;
}
std::string place(unsigned priority, unsigned weight, unsigned port, const std::string& host) {
  return record(33, 60, u16(priority) + u16(weight) + u16(port) + host);
}
base::Result<DnsRecords> read(const std::string& text, DnsType type) {
  return read_dns_answer({reinterpret_cast<const unsigned char*>(text.data()), text.size()}, type);
}

TEST(DnsMessage, GivesTheAddressesAndTheLeastTimeToLive) {
  auto text = message({record(5, 30, name("real.test")), record(1, 300, {10, 0, 0, 1}),
                       record(1, 60, {10, 0, 0, 2}), record(28, 5, std::string(15, 0) + '\1')});

  auto a = read(text, DnsType::a);
  auto aaaa = read(text, DnsType::aaaa);

  ASSERT_TRUE(a && aaaa);
  ASSERT_EQ(a->addresses.size(), 2u);
  EXPECT_EQ(a->addresses[1].ip(), "10.0.0.2");
  EXPECT_EQ(a->ttl, 30u) << "the alias counts too";
  ASSERT_EQ(aaaa->addresses.size(), 1u);
  EXPECT_EQ(aaaa->addresses[0].ip(), "::1");
  EXPECT_EQ(aaaa->ttl, 5u);
}

TEST(DnsMessage, GivesThePlacesOfAServiceSortedAndOnce) {
  auto records = read(message({place(1, 5, 81, name("B.test")), place(0, 9, 80, name("a.test")),
                               place(1, 5, 81, name("b.test")), place(0, 0, 80, "\1c\xc0\x13")}),
                      DnsType::srv);

  ASSERT_TRUE(records);
  EXPECT_EQ(records->places,
            (std::vector<ServicePlace>{{"a.test", 80, 0, 9}, {"b.test", 81, 1, 5}, {"c.test", 80, 0, 0}}));
}

TEST(DnsMessage, LeavesOutWhatNoHostCanBe) {
  auto records = read(message({place(0, 1, 80, name("")), place(0, 1, 0, name("a.test")),
                               place(0, 1, 80, name("a\r\nX: y")), place(0, 1, 80, name("10.0.0.1")),
                               place(0, 1, 80,
                                     name(std::string(63, 'x') + "." + std::string(63, 'x') + "." +
                                          std::string(63, 'x') + "." + std::string(63, 'x'))),
                               record(33, 1, "xyz"), record(33, 1, u16(0) + u16(1) + u16(80) + "\xc0\xff")}),
                      DnsType::srv);

  ASSERT_TRUE(records);
  EXPECT_TRUE(records->places.empty());
  EXPECT_EQ(records->ttl, 0u);
}

TEST(DnsMessage, LeavesOutAddressesThatAreNone) {
  auto records = read(message({record(1, 60, {0, 0, 0, 0}), record(1, 60, {10, 0, 0}),
                               record(1, 60, {10, 0, 0, 1}, 3), record(16, 60, "text")}),
                      DnsType::a);

  ASSERT_TRUE(records);
  EXPECT_TRUE(records->addresses.empty());
}

TEST(DnsMessage, CountsATimeToLiveBeyondItsBoundsAsNone) {
  EXPECT_EQ(read(message({record(1, 0x80000000u, {10, 0, 0, 1})}), DnsType::a)->ttl, 0u);
}

TEST(DnsMessage, RefusesEveryMessageThatIsCutShort) {
  auto text = message({record(1, 60, {10, 0, 0, 1}), place(0, 1, 80, name("a.test"))});
  for (std::size_t n = 0; n < text.size(); ++n)
    EXPECT_FALSE(read(text.substr(0, n), DnsType::srv)) << n << " bytes";
  EXPECT_TRUE(read(text, DnsType::srv));
}

TEST(DnsMessage, FollowsNoPointerRoundAndRound) {
  auto to_itself = message({});
  std::string at = "\xc0" + std::string(1, static_cast<char>(to_itself.size() + 12 + 6));

  auto records = read(message({place(0, 1, 80, at)}), DnsType::srv);

  ASSERT_TRUE(records);
  EXPECT_TRUE(records->places.empty());
}

TEST(DnsMessage, SurvivesWhateverBytesComeInstead) {
  std::mt19937 random(1);
  auto good =
      message({place(0, 1, 80, name("a.test")), record(1, 60, {10, 0, 0, 1}), place(1, 1, 81, "\xc0\x0c")});
  for (int i = 0; i < 20'000; ++i) {
    auto text = good;
    for (int k = 0; k < 1 + i % 4; ++k) text[random() % text.size()] = static_cast<char>(random());
    for (auto type : {DnsType::a, DnsType::aaaa, DnsType::srv}) {
      auto records = read(text, type);
      if (!records) continue;
      for (const auto& p : records->places) {
        EXPECT_FALSE(p.host.empty());
        EXPECT_EQ(p.host.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-_."), std::string::npos);
      }
    }
  }
}

}  // namespace
}  // namespace sluice::net::dns_message_test
