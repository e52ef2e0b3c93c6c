// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/password.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::chain::password_test {
namespace {

using testing::HasSubstr;

// Of the password `secret`, made by htpasswd, mkpasswd and the reference implementation of Argon2.
constexpr const char* kBcrypt = "$2y$04$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1bq";
constexpr const char* kYescrypt = "$y$j75$2kS55bQCIXBCnaOGwxJEA0$YRhP6sv9GjIX/5YpPJThGibKkPywo3Y3cQUDS1I.iWC";
constexpr const char* kArgon =
    "$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ$vk+JgWgZGbXHtEqPQPhzXbD+QxxkJR5Fq2AXLhDyYaY";

std::string refused(std::string_view hash) {
  std::string hint;
  std::string why = refuse_password_hash(hash, hint);
  return why + (hint.empty() ? "" : "; " + hint);
}

TEST(Password, IsComparedWithAHash) {
  for (const char* hash : {kBcrypt, kYescrypt, kArgon}) {
    EXPECT_EQ(refused(hash), "") << hash;
    EXPECT_TRUE(password_matches("secret", hash)) << hash;
    EXPECT_FALSE(password_matches("Secret", hash)) << hash;
    EXPECT_FALSE(password_matches("", hash)) << hash;
    EXPECT_FALSE(password_matches(hash, hash)) << hash;
    EXPECT_FALSE(password_matches("secret", std::string(hash) + "x")) << hash;
  }
}

TEST(Password, IsNotKeptInTheOpenNorByAFastHash) {
  EXPECT_THAT(refused("secret"), HasSubstr("htpasswd -nbB"));
  EXPECT_THAT(refused(""), HasSubstr("no hash of a password"));
  EXPECT_THAT(refused("$apr1$eq8wBUvN$DP.YlQJjbQvhCJfhoD3WP0"), HasSubstr("guessed quickly"));
  EXPECT_THAT(refused("{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ="), HasSubstr("guessed quickly"));
  EXPECT_THAT(refused("$2y$04$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1b"),
              HasSubstr("no complete bcrypt"));
  EXPECT_THAT(refused("$2y$04$AwdAKVUipQzgHxFLkEsyz:c7J3NqcCvaJVMW0Syx3d8w8JnSiU1bq"),
              HasSubstr("no complete"));
  EXPECT_THAT(refused("$y$j75$2kS55"), HasSubstr("no complete yescrypt"));
  EXPECT_THAT(refused("$argon2id$v=19$m=8,t=1,p=1$c2FsdHNhbHQ"), HasSubstr("no complete argon2id"));
  EXPECT_THAT(refused("$argon2id$v=16$m=8,t=1,p=1$c2FsdHNhbHQ$" + std::string(43, 'a')),
              HasSubstr("version"));
}

// One comparison is what a caller may cost.
TEST(Password, IsNotWorthEverything) {
  EXPECT_THAT(refused("$2y$31$AwdAKVUipQzgHxFLkEsyzuc7J3NqcCvaJVMW0Syx3d8w8JnSiU1bq"),
              HasSubstr("cost is 31"));
  std::string rest = ",p=1$c2FsdHNhbHQ$" + std::string(43, 'a');
  EXPECT_THAT(refused("$argon2id$v=19$m=4194304,t=1" + rest), HasSubstr("more memory"));
  EXPECT_THAT(refused("$argon2id$v=19$m=65536,t=100000" + rest), HasSubstr("more memory"));
}

}  // namespace
}  // namespace sluice::chain::password_test
