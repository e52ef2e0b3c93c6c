// SPDX-License-Identifier: Apache-2.0
// What becomes of answers, and of those that do not come; that they are fetched is tested end to end.
#include "gateway/server/vault_secrets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <thread>

#include <boost/asio/io_context.hpp>
#include <boost/asio/ip/tcp.hpp>

#include "tests/support/fake_environment.h"

namespace sluice::server::vault_secrets_test {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using Tcp = boost::asio::ip::tcp;

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

  // Of a Vault that accepts connections, by the system, and says nothing.
  config::VaultConfig silent(config::Duration timeout) const {
    config::VaultConfig out;
    out.address = "http://127.0.0.1:" + std::to_string(listening_.local_endpoint().port());
    out.timeout = timeout;
    return out;
  }
  std::vector<config::Environment::VaultAnswer> ask(const config::VaultConfig& config,
                                                    const std::string& yaml = "version: 1\n") const {
    config::Diagnostics diagnostics;
    auto document = config::parse(yaml, diagnostics);
    return secrets_.vault(config, document, {"a", "b"}).value();
  }

  boost::asio::io_context io_;
  Tcp::acceptor listening_{io_, Tcp::endpoint(boost::asio::ip::make_address("127.0.0.1"), 0)};
  test::FakeEnvironment system_;
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
  auto answers = ask({});

  ASSERT_EQ(answers.size(), 2u);
  EXPECT_EQ(answers[1].error, "it is not known where Vault is");
  EXPECT_THAT(answers[1].hint, HasSubstr("VAULT_ADDR"));
}

TEST_F(VaultSecretsTest, LetsGoOfQuestionsThatAreNotAnsweredInTime) {
  auto answers = ask(silent(50ms));

  ASSERT_EQ(answers.size(), 2u);
  EXPECT_THAT(answers[0].error, HasSubstr("does not answer in time"));
  EXPECT_THAT(answers[1].error, HasSubstr("does not answer in time"));
}

TEST_F(VaultSecretsTest, WaitsForNobodyOnceItHasGivenUp) {
  Tcp::socket asked(io_);
  std::thread waiting([&] {
    listening_.accept(asked);
    secrets_.give_up();
  });

  EXPECT_THAT(ask(silent(1h))[0].error, HasSubstr("does not answer in time"));
  EXPECT_THAT(ask(silent(1h))[0].error, HasSubstr("does not answer in time"));
  waiting.join();
}

TEST_F(VaultSecretsTest, AsksNobodyBeforeTheResolverIsRight) {
  EXPECT_EQ(ask(silent(1h), "resolver: {nameservers: [nobody]}\n")[0].error,
            "Vault is not asked before `resolver` is right");
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
}  // namespace sluice::server::vault_secrets_test
