// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/provider_metadata.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace sluice::jose::provider_metadata_test {
namespace {

using testing::HasSubstr;

TEST(ProviderMetadata, IsReadFromTheDiscoveryDocument) {
  auto read = parse_provider_metadata(
      R"({"issuer":"https://idp","jwks_uri":"https://idp/keys","authorization_endpoint":"https://idp/auth",
          "token_endpoint":"https://idp/token","end_session_endpoint":"https://idp/end",
          "authorization_response_iss_parameter_supported":true,"other":[1]})",
      "https://idp");

  ASSERT_TRUE(read);
  EXPECT_EQ(*read, (ProviderMetadata{"https://idp/keys", "https://idp/auth", "https://idp/token",
                                     "https://idp/end", true}));
}

TEST(ProviderMetadata, LeavesEmptyWhatIsNotThereOrNoText) {
  auto read = parse_provider_metadata(
      R"({"issuer":"i","token_endpoint":7,"authorization_response_iss_parameter_supported":"no"})", "i");

  ASSERT_TRUE(read);
  EXPECT_EQ(*read, ProviderMetadata());
}

TEST(ProviderMetadata, IsRefusedOfAnotherIssuerAndIfItIsNoJson) {
  EXPECT_THAT(parse_provider_metadata(R"({"issuer":"https://evil"})", "https://idp").error().detail,
              HasSubstr("another issuer"));
  EXPECT_THAT(parse_provider_metadata(R"({"jwks_uri":"x"})", "https://idp").error().detail,
              HasSubstr("another issuer"));
  EXPECT_THAT(parse_provider_metadata("<html>", "https://idp").error().detail, HasSubstr("not JSON"));
}

}  // namespace
}  // namespace sluice::jose::provider_metadata_test
