// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/cidr.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::net::cidr_test {
namespace {

bool holds(const char* cidr, const char* ip) {
  return Cidr::parse(cidr).value().contains(*Address::parse(ip, 80));
}

TEST(Cidr, HoldsTheAddressesOfItsPrefix) {
  EXPECT_TRUE(holds("10.0.0.0/8", "10.255.255.255"));
  EXPECT_FALSE(holds("10.0.0.0/8", "11.0.0.0"));
  EXPECT_TRUE(holds("192.0.2.128/25", "192.0.2.128"));
  EXPECT_FALSE(holds("192.0.2.128/25", "192.0.2.127"));
  EXPECT_TRUE(holds("192.0.2.16/30", "192.0.2.19"));
  EXPECT_FALSE(holds("192.0.2.16/30", "192.0.2.20"));
  EXPECT_TRUE(holds("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(holds("2001:db8::/33", "2001:db8:8000::1"));
}

TEST(Cidr, WithoutALengthIsOneAddress) {
  EXPECT_TRUE(holds("127.0.0.1", "127.0.0.1"));
  EXPECT_FALSE(holds("127.0.0.1", "127.0.0.2"));
  EXPECT_TRUE(holds("::1", "::1"));
  EXPECT_FALSE(holds("::1", "::2"));
}

TEST(Cidr, OfNoBitsHoldsEveryAddressOfItsFamily) {
  EXPECT_TRUE(holds("0.0.0.0/0", "203.0.113.9"));
  EXPECT_FALSE(holds("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(holds("::/0", "2001:db8::1"));
  EXPECT_FALSE(holds("::/0", "203.0.113.9"));
}

TEST(Cidr, TakesIpv4InIpv6ForIpv4) {
  EXPECT_TRUE(holds("10.0.0.0/8", "::ffff:10.1.2.3"));
  EXPECT_FALSE(holds("::/0", "::ffff:10.1.2.3"));
}

TEST(Cidr, HoldsUnixSocketsByTheirWordAlone) {
  auto peer = *Address::of_path("/run/x.sock");

  EXPECT_TRUE(Cidr::parse("unix")->contains(peer));
  EXPECT_FALSE(Cidr::parse("0.0.0.0/0")->contains(peer));
  EXPECT_FALSE(Cidr::parse("unix")->contains(*Address::parse("127.0.0.1", 1)));
}

TEST(Cidr, HoldsNoAddressThatIsUnset) {
  for (const char* text : {"0.0.0.0/0", "::/0", "unix"})
    EXPECT_FALSE(Cidr::parse(text)->contains({})) << text;
}

TEST(Cidr, ComesBackAsItIsWritten) {
  for (const char* text : {"10.0.0.0/8", "0.0.0.0/0", "192.0.2.1", "2001:db8::/32", "::1", "unix"})
    EXPECT_EQ(Cidr::parse(text)->text(), text);
  EXPECT_EQ(Cidr::parse("192.0.2.1/32")->text(), "192.0.2.1");
}

TEST(Cidr, RefusesWhatIsNoneWithTheReason) {
  auto refusal = [](const char* text) { return Cidr::parse(text).error().detail; };

  EXPECT_EQ(refusal("10.0.0.1/8"), "it has bits set behind its length; did you mean 10.0.0.0/8?");
  EXPECT_EQ(refusal("2001:db8::1/32"), "it has bits set behind its length; did you mean 2001:db8::/32?");
  EXPECT_EQ(refusal("10.0.0.0/33"), "the length behind the / must be from 0 to 32");
  EXPECT_EQ(refusal("::/129"), "the length behind the / must be from 0 to 128");
  EXPECT_EQ(refusal("10.0.0.0/"), "the length behind the / must be from 0 to 32");
  EXPECT_EQ(refusal("10.0.0.0/-1"), "the length behind the / must be from 0 to 32");
  EXPECT_EQ(refusal("::ffff:10.0.0.1"), "IPv4 is written as such: 10.0.0.1");
  for (const char* text : {"", "/", "/8", "10.0.0/8", "localhost", "[::1]/128", "10.0.0.0 /8"})
    EXPECT_EQ(refusal(text), "") << text;
}

}  // namespace
}  // namespace sluice::net::cidr_test
