// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/cidr_set.h"

#include <gtest/gtest.h>

#include <random>

namespace sluice::net::cidr_set_test {
namespace {

CidrSet set(std::initializer_list<std::string_view> texts) {
  std::vector<Cidr> networks;
  for (auto text : texts) networks.push_back(*Cidr::parse(text));
  return CidrSet(networks);
}
bool has(const CidrSet& s, std::string_view ip) { return s.contains(*Address::parse(ip, 1)); }

TEST(CidrSet, HoldsNetworksOfBothFamilies) {
  auto s = set({"10.0.0.0/8", "192.0.2.7", "2001:db8::/32", "::1"});
  EXPECT_TRUE(has(s, "10.0.0.0"));
  EXPECT_TRUE(has(s, "10.255.255.255"));
  EXPECT_FALSE(has(s, "11.0.0.0"));
  EXPECT_FALSE(has(s, "9.255.255.255"));
  EXPECT_TRUE(has(s, "192.0.2.7"));
  EXPECT_FALSE(has(s, "192.0.2.8"));
  EXPECT_TRUE(has(s, "2001:db8:ffff::1"));
  EXPECT_FALSE(has(s, "2001:db9::"));
  EXPECT_TRUE(has(s, "::ffff:10.1.2.3"));
  EXPECT_FALSE(s.contains(Address()));
}

TEST(CidrSet, HoldsEverythingOfAFamily) {
  EXPECT_TRUE(has(set({"0.0.0.0/0"}), "255.255.255.255"));
  EXPECT_FALSE(has(set({"0.0.0.0/0"}), "::1"));
  EXPECT_TRUE(has(set({"::/0"}), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_TRUE(set({}).empty());
}

TEST(CidrSet, JoinsWhatOverlapsOrTouches) {
  EXPECT_EQ(set({"10.0.0.0/9", "10.128.0.0/9", "10.1.0.0/16"}).ranges(), 1u);
  EXPECT_EQ(set({"10.0.0.0/24", "10.0.2.0/24"}).ranges(), 2u);
  EXPECT_EQ(set({"0.0.0.0/0", "255.255.255.255", "1.2.3.4"}).ranges(), 1u);
}

TEST(CidrSet, AgreesWithTheListThatItIsMadeOf) {
  std::mt19937 random(5);
  std::vector<Cidr> networks;
  auto ip = [&](unsigned bits) {
    std::uint32_t n = static_cast<std::uint32_t>(random()) & 0x0f0f0f0f;
    if (bits < 32) n &= ~((1u << (32 - bits)) - 1);
    unsigned char bytes[] = {static_cast<unsigned char>(n >> 24), static_cast<unsigned char>(n >> 16),
                             static_cast<unsigned char>(n >> 8), static_cast<unsigned char>(n)};
    return Address::of_bytes(bytes, 0);
  };
  for (int i = 0; i < 2000; ++i) {
    unsigned bits = 12 + static_cast<unsigned>(random() % 21);
    networks.push_back(*Cidr::parse(ip(bits).ip() + "/" + std::to_string(bits)));
  }
  CidrSet s(networks);
  for (int i = 0; i < 20'000; ++i) {
    Address a = ip(32);
    ASSERT_EQ(s.contains(a), contains(networks, a)) << a.ip();
  }
}

}  // namespace
}  // namespace sluice::net::cidr_set_test
