// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/address.h"

#include <gtest/gtest.h>

namespace sluice::net::address_test {
namespace {

TEST(Address, ReadsAndWritesIpv4) {
  auto a = Address::parse("192.0.2.17", 8080);

  ASSERT_TRUE(a);
  EXPECT_EQ(a->text(), "192.0.2.17:8080");
  EXPECT_EQ(a->ip(), "192.0.2.17");
  EXPECT_EQ(a->port(), 8080);
  EXPECT_EQ(a->family(), AF_INET);
  EXPECT_EQ(a->size(), sizeof(sockaddr_in));
}

TEST(Address, ReadsAndWritesIpv6WithAndWithoutBrackets) {
  for (const char* text : {"2001:db8::1", "[2001:db8::1]"}) {
    auto a = Address::parse(text, 443);

    ASSERT_TRUE(a) << text;
    EXPECT_EQ(a->text(), "[2001:db8::1]:443");
    EXPECT_EQ(a->ip(), "2001:db8::1");
    EXPECT_EQ(a->size(), sizeof(sockaddr_in6));
  }
}

TEST(Address, RefusesWhatIsNotANumber) {
  for (const char* text : {"", "localhost", "1.2.3", "1.2.3.4.5", "256.1.1.1", "01.2.3.4", "[1.2.3.4]", "[]",
                           "[::1", "::1]", "1.2.3.4 ", "fe80::1%eth0", ":::"}) {
    auto a = Address::parse(text, 80);

    ASSERT_FALSE(a) << text;
    EXPECT_EQ(a.error().detail, "\"" + std::string(text) + "\" is not an IP address");
  }
}

TEST(Address, WritesEveryByteOfIpv4) {
  for (int n = 0; n < 256; ++n) {
    std::string text = "1." + std::to_string(n) + ".0." + std::to_string(255 - n);

    EXPECT_EQ(Address::parse(text, 1)->ip(), text);
  }
}

TEST(Address, ShowsMappedIpv6AsIpv4) {
  auto a = Address::parse("::ffff:192.0.2.1", 80);

  EXPECT_EQ(a->ip(), "192.0.2.1");
  EXPECT_EQ(a->text(), "192.0.2.1:80");
}

TEST(Address, KnowsLoopback) {
  for (const char* text : {"127.0.0.1", "127.9.9.9", "::1", "::ffff:127.0.0.1"})
    EXPECT_TRUE(Address::parse(text, 80)->loopback()) << text;
  for (const char* text : {"0.0.0.0", "128.0.0.1", "::", "::ffff:10.0.0.1", "2001:db8::1"})
    EXPECT_FALSE(Address::parse(text, 80)->loopback()) << text;
  EXPECT_FALSE(Address().loopback());
}

TEST(Address, IsEqualByFamilyNumberAndPort) {
  auto a = *Address::parse("10.0.0.1", 80);

  EXPECT_EQ(a, *Address::parse("10.0.0.1", 80));
  EXPECT_FALSE(a == *Address::parse("10.0.0.1", 81));
  EXPECT_FALSE(a == *Address::parse("10.0.0.2", 80));
  EXPECT_FALSE(a == *Address::parse("::ffff:10.0.0.1", 80));
  EXPECT_EQ(*Address::parse("::1", 80), *Address::parse("[::1]", 80));
  EXPECT_FALSE(*Address::parse("::1", 80) == *Address::parse("::2", 80));
}

TEST(Address, ChangesOnlyThePort) {
  EXPECT_EQ(Address::parse("10.0.0.1", 0)->with_port(8080).text(), "10.0.0.1:8080");
  EXPECT_EQ(Address::parse("::1", 1)->with_port(65535).text(), "[::1]:65535");
}

TEST(Address, ComesBackFromTheSystemAsItWent) {
  for (const char* text : {"10.0.0.1", "2001:db8::7"}) {
    auto a = *Address::parse(text, 8080);

    EXPECT_EQ(Address::from(a.data(), a.size()), a);
  }
}

TEST(Address, NamesAUnixSocketByItsPath) {
  auto a = Address::of_path("/run/orders.sock");

  ASSERT_TRUE(a);
  EXPECT_EQ(a->text(), "unix:/run/orders.sock");
  EXPECT_EQ(a->ip(), "unix");
  EXPECT_EQ(a->port(), 0);
  EXPECT_EQ(a->with_port(80), *a);
  EXPECT_TRUE(a->loopback());
  EXPECT_EQ(a->data()->sa_family, AF_UNIX);
  EXPECT_STREQ(reinterpret_cast<const sockaddr_un*>(a->data())->sun_path, "/run/orders.sock");
}

TEST(Address, IsEqualByPath) {
  EXPECT_EQ(*Address::of_path("/a"), *Address::of_path("/a"));
  EXPECT_FALSE(*Address::of_path("/a") == *Address::of_path("/b"));
  EXPECT_FALSE(*Address::of_path("/a") == *Address::parse("127.0.0.1", 0));
}

TEST(Address, RefusesWhatCannotBeThePathOfASocket) {
  auto refusal = [](std::string_view path) { return Address::of_path(path).error().detail; };

  EXPECT_TRUE(Address::of_path("/" + std::string(106, 'x')));
  EXPECT_EQ(refusal("/" + std::string(107, 'x')), "the path of a Unix socket must be shorter than 108 bytes");
  EXPECT_EQ(refusal(""), "the path of a Unix socket must begin with /");
  EXPECT_EQ(refusal("run/x"), "the path of a Unix socket must begin with /");
  EXPECT_EQ(refusal("/run/"), "the path of a Unix socket must not end with /");
  EXPECT_EQ(refusal({"/a\0b", 4}), "the path of a Unix socket must not hold a NUL");
}

TEST(Address, OfAPeerOnAUnixSocketIsWithoutAName) {
  sockaddr_un nobody{};
  nobody.sun_family = AF_UNIX;

  Address a = Address::from(reinterpret_cast<sockaddr*>(&nobody), sizeof(sa_family_t));

  EXPECT_TRUE(a.is_unix());
  EXPECT_EQ(a.ip(), "unix");
  EXPECT_EQ(a.text(), "unix");
}

TEST(Address, GoesOverTheWireAndBack) {
  for (const char* text : {"192.0.2.1", "2001:db8::1"}) {
    auto a = *Address::parse(text, 8080);

    EXPECT_EQ(Address::of_bytes(a.bytes(), 8080), a);
  }
  EXPECT_EQ(Address::parse("::ffff:192.0.2.1", 80)->bytes().size(), 4u);
  EXPECT_TRUE(Address::of_path("/a")->bytes().empty());
  EXPECT_TRUE(Address().bytes().empty());
}

TEST(Address, IsAsSmallAsAnIpv6Address) { EXPECT_EQ(sizeof(Address), sizeof(sockaddr_in6)); }

TEST(Address, IsEmptyTextWhenUnset) { EXPECT_EQ(Address().ip(), ""); }

}  // namespace
}  // namespace sluice::net::address_test
