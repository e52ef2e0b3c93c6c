// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/seal.h"

#include <gtest/gtest.h>

#include <set>

#include "gateway/base/base64.h"

namespace sluice::oidc::seal_test {
namespace {

const std::string kSecret(32, 's'), kOther(32, 'o');

TEST(Sealer, OpensWhatItSealed) {
  Sealer sealer({kSecret});
  for (const std::string& text : {std::string(), std::string("x"), std::string(9000, 'y')}) {
    std::string sealed = sealer.seal(text, "session");
    EXPECT_EQ(sealer.open(sealed, "session"), text);
    std::string raw = *base::decode_base64url(sealed);
    EXPECT_EQ(raw.size(), text.size() + Sealer::kOverhead);
    EXPECT_EQ(raw.find(std::string(16, 'y')), std::string::npos);
  }
}

TEST(Sealer, SealsTheSameTextDifferentlyEachTime) {
  Sealer sealer({kSecret});
  std::set<std::string> seen;
  for (int i = 0; i < 100; ++i) seen.insert(sealer.seal("text", "session"));
  EXPECT_EQ(seen.size(), 100u);
}

TEST(Sealer, OpensNothingOfWhichABitIsOther) {
  Sealer sealer({kSecret});
  std::string raw = *base::decode_base64url(sealer.seal("secret", "session"));
  for (std::size_t i = 0; i < raw.size() * 8; ++i) {
    std::string other = raw;
    other[i / 8] = static_cast<char>(other[i / 8] ^ (1 << (i % 8)));
    EXPECT_EQ(sealer.open(base::encode_base64url(other), "session"), std::nullopt) << "bit " << i;
  }
}

TEST(Sealer, OpensNothingThatWasCutOrIsNoSeal) {
  Sealer sealer({kSecret});
  std::string raw = *base::decode_base64url(sealer.seal("secret", "session"));
  for (std::size_t n = 0; n < raw.size(); ++n)
    EXPECT_EQ(sealer.open(base::encode_base64url(raw.substr(0, n)), "session"), std::nullopt) << n;
  EXPECT_EQ(sealer.open(base::encode_base64url(raw + "x"), "session"), std::nullopt);
  EXPECT_EQ(sealer.open("no base64url!", "session"), std::nullopt);
}

TEST(Sealer, OpensNothingThatWasSealedForSomethingElse) {
  Sealer sealer({kSecret});
  std::string sealed = sealer.seal("text", "session");
  EXPECT_EQ(sealer.open(sealed, "login"), std::nullopt);
  EXPECT_EQ(sealer.open(sealed, ""), std::nullopt);
}

TEST(Sealer, OpensWithOldSecretsAndSealsWithTheFirst) {
  Sealer before({kSecret}), between({kOther, kSecret}), after({kOther});
  std::string old = before.seal("text", "session");

  EXPECT_EQ(between.open(old, "session"), "text");
  EXPECT_EQ(after.open(old, "session"), std::nullopt);
  EXPECT_EQ(after.open(between.seal("text", "session"), "session"), "text");
  EXPECT_EQ(before.open(between.seal("text", "session"), "session"), std::nullopt);
}

// What is sealed must be readable by other versions of this program: RFC 5869 by another implementation
// (python3-cryptography's HKDF, HMAC and AESGCM) made this text.
TEST(Sealer, OpensATextMadeElsewhere) {
  Sealer sealer({kSecret});
  EXPECT_EQ(sealer.open("smvm7wABAgMEBQYHCAkKCwwNDg8AAQIDBAUGBwgJCgtPSHKVlySGnRAm-0qDhv1_upPA8Fs", "session"),
            "hello");
}

TEST(RandomText, IsAsLongAsAskedAndNeverTheSame) {
  EXPECT_EQ(random_text(32).size(), 43u);
  EXPECT_NE(random_text(16), random_text(16));
}

}  // namespace
}  // namespace sluice::oidc::seal_test
