// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/form_call.h"

#include <gtest/gtest.h>

namespace sluice::chain::form_call_test {
namespace {

// RFC 6749 section 2.3.1 has the example of the first two.
TEST(ClientAuthorization, EncodesBothBeforeTheyAreJoined) {
  EXPECT_EQ(client_authorization("s6BhdRkqt3", "7Fjfp0ZBr1KtDRbnfVdmIw"),
            "Basic czZCaGRSa3F0Mzo3RmpmcDBaQnIxS3REUmJuZlZkbUl3");
  EXPECT_EQ(client_authorization("a:b", "c d"), "Basic YSUzQWI6YyUyMGQ=");
}

TEST(FormCall, PostsAFormAndWantsJson) {
  FormCall call("/token?tenant=1", "Basic eA==", "a=b", 100);
  const auto& request = call.request();

  EXPECT_EQ(request.method, http::Method::post);
  EXPECT_EQ(request.path, "/token");
  EXPECT_EQ(request.query, "tenant=1");
  EXPECT_EQ(request.body, "a=b");
  EXPECT_EQ(request.most, 100u);
  ASSERT_EQ(request.fields.size(), 3u);
  EXPECT_EQ(request.fields[0].value, "application/x-www-form-urlencoded");
  EXPECT_EQ(request.fields[1].value, "application/json");
  EXPECT_EQ(request.fields[2].value, "Basic eA==");
}

TEST(FormCall, ShowsNothingWithoutCredentials) {
  EXPECT_EQ(FormCall("/token", "", "a=b", 100).request().fields.size(), 2u);
}

}  // namespace
}  // namespace sluice::chain::form_call_test
