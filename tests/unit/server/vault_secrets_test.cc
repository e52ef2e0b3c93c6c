// SPDX-License-Identifier: Apache-2.0
// What becomes of answers; that they are fetched is tested end to end.
#include "gateway/server/vault_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/unit/config/sample.h"

namespace sluice::server {
namespace {

using testing::HasSubstr;

class VaultSecretsTest : public testing::Test {
 protected:
  VaultSecretsTest() { access_.address = *upstream::parse_web_url("https://vault:8200"); }
  static VaultHeard good(std::string value) {
    VaultHeard out;
    out.answer.fields["password"] = std::move(value);
    return out;
  }
  static VaultHeard bad(bool down) {
    VaultHeard out;
    out.answer.error = down ? "Vault is down" : "Vault refuses";
    out.down = down;
    return out;
  }

  sample::FakeEnvironment system_;
  VaultAccess access_;
  VaultSecrets secrets_{system_};
};

TEST_F(VaultSecretsTest, GoesOnWithTheLastAnswerWhileVaultIsDown) {
  secrets_.settle(access_, "a", good("old"));
  secrets_.settle(access_, "a", good("new"));

  auto answer = secrets_.settle(access_, "a", bad(true));

  EXPECT_EQ(answer.fields["password"], "new");
  EXPECT_EQ(answer.stale, "Vault is down");
  EXPECT_EQ(answer.error, "");
  EXPECT_EQ(secrets_.settle(access_, "a", good("newer")).stale, "");
}

TEST_F(VaultSecretsTest, HasNothingToGoOnWithAtFirst) {
  EXPECT_EQ(secrets_.settle(access_, "a", bad(true)).error, "Vault is down");
}

TEST_F(VaultSecretsTest, BelievesARefusal) {
  secrets_.settle(access_, "a", good("old"));

  EXPECT_EQ(secrets_.settle(access_, "a", bad(false)).error, "Vault refuses");
}

TEST_F(VaultSecretsTest, KeepsTheVaultsAndNamespacesApart) {
  secrets_.settle(access_, "a", good("old"));
  auto other = access_;
  other.name_space = "teams";

  EXPECT_NE(secrets_.settle(other, "a", bad(true)).error, "");
  EXPECT_NE(secrets_.settle(access_, "b", bad(true)).error, "");
}

TEST_F(VaultSecretsTest, SaysForEachPathThatThereIsNoVault) {
  auto answers = secrets_.vault({}, {"a", "b"});

  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].error, "it is not known where Vault is");
  EXPECT_THAT(answers[1].hint, HasSubstr("VAULT_ADDR"));
}

TEST_F(VaultSecretsTest, IsTheSystemOtherwise) {
  system_.variables = {{"A", "1"}};
  system_.files = {{"/f", "text"}};
  system_.globs = {{"*", {"x"}}};

  EXPECT_EQ(secrets_.variable("A"), "1");
  EXPECT_EQ(secrets_.read("/f", 10).text, "text");
  EXPECT_EQ(secrets_.matches("*").names.size(), 1u);
}

}  // namespace
}  // namespace sluice::server
