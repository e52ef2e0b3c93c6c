// SPDX-License-Identifier: Apache-2.0
// What happens to requests is in tests/flow/http_signature_test.cc; here are the settings.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/base/base64.h"

#include "tests/support/fake_builder.h"
#include "tests/support/signer.h"

namespace sluice::filters {
namespace {

using testing::HasSubstr;

std::string folded(const std::string& pem) {
  std::string out;
  for (char c : pem) out += c == '\n' ? std::string("\\n") : std::string(1, c);
  return "\"" + out + "\"";
}
std::string problems(const std::string& settings) {
  return test::filter("http_signature: " + settings).problems;
}

TEST(HttpSignature, SaysWhatIsWrongWithItsSettings) {
  std::string pem = folded(test::Signer("ES256").pem());
  std::string secret = base::encode_base64(std::string(32, 's'));
  EXPECT_EQ(problems("{keys: [{id: a, algorithm: ecdsa-p256-sha256, key: " + pem + "}]}"), "");
  EXPECT_EQ(problems("{keys: [{id: a, algorithm: hmac-sha256, secret: \"" + secret + "\"}]}"), "");
  EXPECT_EQ(problems("{}"), "");  // consumers may have some
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: ed25519, key: " + pem + "}]}"),
              HasSubstr("the key cannot be for ed25519"));
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: hmac-sha256, key: " + pem + "}]}"),
              HasSubstr("the key cannot be for hmac-sha256"));
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: hmac-sha256, secret: \"c2hvcnQ=\"}]}"),
              HasSubstr("less than 32 bytes"));
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: hmac-sha256, secret: \"***\"}]}"), HasSubstr("no base64"));
  EXPECT_THAT(problems("{keys: [{id: a, algorithm: hmac-sha256}]}"), HasSubstr("secret"));
  std::string twice = "{id: a, algorithm: ecdsa-p256-sha256, key: " + pem + "}";
  EXPECT_THAT(problems("{keys: [" + twice + ", " + twice + "]}"), HasSubstr("id of another key"));
  EXPECT_THAT(problems("{keys: [" + twice + "], cover: [Date]}"), HasSubstr("`Date` is neither"));
  EXPECT_THAT(problems("{keys: [" + twice + "], cover: [\"@status\"]}"), HasSubstr("`@status` is neither"));
}

}  // namespace
}  // namespace sluice::filters
