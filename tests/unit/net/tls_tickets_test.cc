// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/tls_tickets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstring>

namespace sluice::net::tls_tickets_test {
namespace {

using testing::HasSubstr;

// What a ticket's callback is given.
struct Contexts {
  unsigned char name[16]{}, iv[16]{};
  EVP_CIPHER_CTX* cipher = EVP_CIPHER_CTX_new();
  EVP_MAC* algorithm = EVP_MAC_fetch(nullptr, "HMAC", nullptr);
  EVP_MAC_CTX* mac = EVP_MAC_CTX_new(algorithm);
  ~Contexts() {
    EVP_CIPHER_CTX_free(cipher);
    EVP_MAC_CTX_free(mac);
    EVP_MAC_free(algorithm);
  }
};

std::string bytes(char fill, std::size_t keys) { return std::string(80 * keys, fill); }

TEST(TicketKeys, OpensWhatItSealed) {
  TicketKeys keys;
  Contexts c;
  ASSERT_EQ(keys.seal(c.name, c.iv, c.cipher, c.mac), 1);

  EXPECT_EQ(keys.open(c.name, c.iv, c.cipher, c.mac), 1);
}

TEST(TicketKeys, OpensWithTheKeyOfBeforeAndAsksForANewTicket) {
  TicketKeys keys;
  Contexts c;
  keys.seal(c.name, c.iv, c.cipher, c.mac);
  keys.rotate();
  EXPECT_EQ(keys.open(c.name, c.iv, c.cipher, c.mac), 2);

  keys.rotate();
  EXPECT_EQ(keys.open(c.name, c.iv, c.cipher, c.mac), 0);
}

TEST(TicketKeys, OpensTicketsOfANodeWithTheSameFile) {
  TicketKeys one, other;
  one.use(*TicketKeys::parse(bytes('a', 1)));
  other.use(*TicketKeys::parse(bytes('b', 1) + bytes('a', 1)));
  Contexts c;
  one.seal(c.name, c.iv, c.cipher, c.mac);

  EXPECT_EQ(other.open(c.name, c.iv, c.cipher, c.mac), 2);
  EXPECT_EQ(std::memcmp(c.name, bytes('a', 1).data(), 16), 0);
}

TEST(TicketKeys, RefusesFilesOfAnotherSize) {
  for (std::size_t size : {0, 1, 48, 79, 81}) {
    auto keys = TicketKeys::parse(std::string(size, 'x'));
    ASSERT_FALSE(keys);
    EXPECT_THAT(keys.error().detail, HasSubstr("80 random bytes"));
  }
  EXPECT_EQ(TicketKeys::parse(bytes('k', 3))->size(), 3u);
}

}  // namespace
}  // namespace sluice::net::tls_tickets_test
