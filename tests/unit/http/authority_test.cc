// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/authority.h"

#include <gtest/gtest.h>

#include <string>

namespace sluice::http::authority_test {
namespace {

struct Good {
  const char* text;
  const char* host;
  int port;  // -1: none
};

class ValidAuthority : public testing::TestWithParam<Good> {};

TEST_P(ValidAuthority, IsSplit) {
  auto a = parse_authority(GetParam().text);

  ASSERT_TRUE(a) << a.error().detail;
  EXPECT_EQ(a->host, GetParam().host);
  EXPECT_EQ(a->has_port ? int{a->port} : -1, GetParam().port);
}

INSTANTIATE_TEST_SUITE_P(All, ValidAuthority,
                         testing::Values(Good{"example.com", "example.com", -1},
                                         Good{"Example.COM:80", "Example.COM", 80},
                                         Good{"localhost:65535", "localhost", 65535},
                                         Good{"a.b.", "a.b.", -1}, Good{"127.0.0.1:8080", "127.0.0.1", 8080},
                                         Good{"[::1]", "[::1]", -1},
                                         Good{"[2001:db8::7]:443", "[2001:db8::7]", 443},
                                         Good{"[::ffff:10.0.0.1]", "[::ffff:10.0.0.1]", -1},
                                         Good{"my_service.local:1", "my_service.local", 1},
                                         Good{"xn--bcher-kva.example", "xn--bcher-kva.example", -1}));

class InvalidAuthority : public testing::TestWithParam<std::string> {};

TEST_P(InvalidAuthority, IsRefused) {
  auto a = parse_authority(GetParam());

  ASSERT_FALSE(a) << "host " << a->host;
  EXPECT_EQ(a.error().reason, base::Reason::bad_request);
  EXPECT_NE(a.error().detail, "");
}

INSTANTIATE_TEST_SUITE_P(
    All, InvalidAuthority,
    testing::Values("", ":80", "a:", "a:0", "a:00080000", "a:65536", "a:99999999999999999999", "a:-1",
                    "a:+80", "a:80a", "a: 80", "a:80:80", "a b", " a", "a ", "user@host", "user:pw@host",
                    "a@b:80", "a/b", "a?b", "a#b", "a\\b", "a,b", "a;b", "a%2eb", "*.example.com", "a..b",
                    ".a", ".", "..", "a\tb",
                    "b\xc3\xbc"
                    "cher.example",
                    "http://a", "::1", "[::1", "::1]", "[]", "[::1]x", "[::1]:", "[::1]:0", "[fe80::1%eth0]",
                    "[v1.a]", "[1.2.3.4]", "[::g]", "[::1][::2]", std::string("a\0b", 3),
                    std::string("[::1\0]", 6), std::string(256, 'a'), "[" + std::string(100, ':') + "]"));

TEST(Authority, HostOf255BytesIsAccepted) { EXPECT_TRUE(parse_authority(std::string(255, 'a'))); }

TEST(NormaliseHost, LowersAndDropsTheTrailingDot) {
  base::Arena arena;

  EXPECT_EQ(normalise_host("WWW.Example.com.", arena), "www.example.com");
  EXPECT_EQ(normalise_host("[2001:DB8::1]", arena), "[2001:db8::1]");
  EXPECT_EQ(normalise_host("", arena), "");
}

TEST(NormaliseHost, DoesNotCopyWhatIsNormal) {
  base::Arena arena;
  std::string_view host = "www.example.com";

  EXPECT_EQ(normalise_host(host, arena).data(), host.data());
  EXPECT_EQ(arena.held(), 0U);
}

// By the definition, one byte after the other.
bool slow_valid_name(std::string_view host) {
  if (host.empty() || host.size() > 255 || host.front() == '.') return false;
  for (std::size_t i = 0; i < host.size(); ++i) {
    char c = host[i];
    bool known = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                 std::string_view("-._~").find(c) != std::string_view::npos;
    if (!known || (c == '.' && host[i - 1] == '.')) return false;
  }
  return true;
}

TEST(Authority, EveryByteOfANameIsCheckedAtEveryPlace) {
  for (std::size_t length = 1; length < 50; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      for (int c = 0; c < 256; ++c) {
        if (c == ':' || (c == '[' && at == 0)) continue;
        std::string host(length, 'h');
        if (at > 0) host[at - 1] = '.';
        host[at] = static_cast<char>(c);
        ASSERT_EQ(parse_authority(host).has_value(), slow_valid_name(host)) << host;
        ASSERT_EQ(parse_authority(host + ":80").has_value(), slow_valid_name(host)) << host;
      }
    }
  }
}

TEST(Authority, NamesHaveAtMost255Bytes) {
  EXPECT_TRUE(parse_authority(std::string(255, 'a')));
  EXPECT_TRUE(parse_authority(std::string(255, 'a') + ":1"));
  EXPECT_FALSE(parse_authority(std::string(256, 'a')));
}

TEST(NormaliseHost, AnUpperCaseLetterIsSeenAtEveryPlace) {
  base::Arena arena;
  for (std::size_t length = 1; length < 50; ++length) {
    for (std::size_t at = 0; at < length; ++at) {
      std::string host(length, 'h');
      host[at] = 'H';
      ASSERT_EQ(normalise_host(host, arena), std::string(length, 'h'));
    }
  }
}

}  // namespace
}  // namespace sluice::http::authority_test
