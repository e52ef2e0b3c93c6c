// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/algorithm.h"

#include <gtest/gtest.h>

namespace sluice::jose::algorithm_test {
namespace {

TEST(Algorithm, IsFoundByItsExactName) {
  for (std::string_view known : {"RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384",
                                 "ES512", "EdDSA", "HS256", "HS384", "HS512"}) {
    auto found = algorithm(known);
    ASSERT_TRUE(found) << known;
    EXPECT_EQ(name(*found), known);
  }
}

TEST(Algorithm, NoneHasNoNameInAnySpelling) {
  for (std::string_view bad : {"none", "None", "NONE", "nOnE", "", "rs256", "RS256 ", "ES256K", "RS1", "dir"})
    EXPECT_EQ(algorithm(bad), std::nullopt) << bad;
}

TEST(Algorithms, TellSymmetricOnesApart) {
  EXPECT_FALSE(Algorithms::asymmetric().any_symmetric());
  EXPECT_TRUE(Algorithms::asymmetric().has(Algorithm::eddsa));
  EXPECT_FALSE(Algorithms::asymmetric().has(Algorithm::hs256));
  EXPECT_TRUE(Algorithms({Algorithm::hs512}).any_symmetric());
  EXPECT_FALSE(Algorithms({Algorithm::hs512}).any_asymmetric());
}

}  // namespace
}  // namespace sluice::jose::algorithm_test
