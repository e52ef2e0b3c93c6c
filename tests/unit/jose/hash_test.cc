// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/hash.h"

#include <gtest/gtest.h>

#include "gateway/base/base64.h"

namespace sluice::jose::hash_test {
namespace {

// The body of the examples of RFC 9530.
TEST(Hash, KnowsTheVectorsOfTheRfc) {
  EXPECT_EQ(base::encode_base64(hash(Hash::sha256, "{\"hello\": \"world\"}\n")),
            "RK/0qy18MlBSVnWgjwz6lZEWjP/lF5HF9bvEF8FabDg=");
  EXPECT_EQ(base::encode_base64(hash(Hash::sha512, "{\"hello\": \"world\"}")),
            "WZDPaVn/7XgHaAy8pmojAkGWoRx2UFChF41A2svX+TaPm+AbwAgBWnrIiYllu7BNNyealdVLvRwEmTHWXvJwew==");
  EXPECT_EQ(hash(Hash::sha384, "").size(), 48u);
}

}  // namespace
}  // namespace sluice::jose::hash_test
