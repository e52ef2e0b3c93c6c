// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/vault.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "tests/support/fake_environment.h"

namespace sluice::server::vault_test {
namespace {

using namespace std::chrono_literals;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Pair;

class VaultTest : public testing::Test {
 protected:
  VaultTest() { config_.address = "https://vault.example:8200/"; }
  VaultAccess access() const {
    auto found = vault_access(config_, environment_);
    auto* fault = std::get_if<VaultFault>(&found);
    EXPECT_EQ(fault, nullptr) << fault->error;
    return fault ? VaultAccess() : std::get<VaultAccess>(std::move(found));
  }
  std::string fault() const {
    auto found = vault_access(config_, environment_);
    auto* fault = std::get_if<VaultFault>(&found);
    return fault ? fault->error : "none";
  }
  VaultHeard heard(unsigned status, std::string body) const {
    Fetched fetched{std::move(body), "", ""};
    fetched.status = status;
    return read_vault(access(), "secret/data/orders", fetched);
  }

  config::VaultConfig config_;
  test::FakeEnvironment environment_;
};

constexpr const char* kGood =
    R"({"request_id":"x","data":{"data":{"password":"s3\"cret","port":5432,"on":true,"list":[1],"none":null},)"
    R"("metadata":{"version":3}}})";

TEST_F(VaultTest, AsksByTheSettings) {
  config_.token.value = "s.abc";
  config_.name_space = "teams/shop";
  config_.ca = "pem";

  auto request = vault_request(access(), "secret/data/orders");

  EXPECT_TRUE(request.tls);
  EXPECT_EQ(request.host, "vault.example");
  EXPECT_EQ(request.port, "8200");
  EXPECT_EQ(request.target, "/v1/secret/data/orders");
  EXPECT_EQ(request.ca, "pem");
  EXPECT_THAT(request.fields, ElementsAre(Pair("X-Vault-Request", "true"), Pair("X-Vault-Token", "s.abc"),
                                          Pair("X-Vault-Namespace", "teams/shop")));
}

TEST_F(VaultTest, TakesWhatIsLeftOutFromTheEnvironment) {
  config_ = {};
  environment_.variables = {{"VAULT_ADDR", "http://127.0.0.1:8200"},
                            {"VAULT_TOKEN", "s.env"},
                            {"VAULT_NAMESPACE", "a"},
                            {"VAULT_CACERT", "/ca.pem"}};
  environment_.files = {{"/ca.pem", "the pem"}};

  auto a = access();

  EXPECT_EQ(a.address.origin.text(), "http://127.0.0.1:8200");
  EXPECT_EQ(a.token, "s.env");
  EXPECT_EQ(a.name_space, "a");
  EXPECT_EQ(a.ca, "the pem");
  EXPECT_EQ(a.timeout, 5s);
}

TEST_F(VaultTest, PrefersTheTokenThatIsWritten) {
  environment_.variables = {{"VAULT_TOKEN", "s.env"}};
  environment_.files = {{"/run/token", "s.file\n"}};

  config_.token_file = "/run/token";
  EXPECT_EQ(access().token, "s.file");
  config_.token_file = "";
  config_.token.value = "s.written";
  EXPECT_EQ(access().token, "s.written");
}

TEST_F(VaultTest, NeedsNoTokenBesideAnAgent) {
  EXPECT_THAT(vault_request(access(), "a").fields, ElementsAre(Pair("X-Vault-Request", "true")));
}

TEST_F(VaultTest, MayBeBelowAPath) {
  config_.address = "https://gate.example/vault/";

  EXPECT_EQ(vault_request(access(), "kv/data/a").target, "/vault/v1/kv/data/a");
}

TEST_F(VaultTest, SaysWhatIsWrongWithTheSettings) {
  config_.address = "";
  EXPECT_EQ(fault(), "it is not known where Vault is");
  config_.address = "https://user@vault";
  EXPECT_THAT(fault(), HasSubstr("cannot be used: it must not hold a user or a password"));
  config_.address = "http://vault:8200";
  EXPECT_THAT(fault(), HasSubstr("Vault is not asked without https"));
  config_.address = "";
  environment_.variables = {{"VAULT_ADDR", "http://vault:8200"}};
  EXPECT_THAT(fault(), HasSubstr("Vault is not asked without https"));
  config_.allow_http = true;
  EXPECT_EQ(fault(), "none");
  config_.address = "https://vault";
  config_.token_file = "/none";
  EXPECT_EQ(fault(), "cannot read /none, the token for Vault: No such file or directory");
  config_.token_file = "";
  config_.token.value = "a\r\nb";
  EXPECT_THAT(fault(), HasSubstr("cannot be sent"));
}

TEST_F(VaultTest, ReadsTheFieldsOfASecret) {
  auto said = heard(200, kGood);

  EXPECT_EQ(said.answer.error, "");
  EXPECT_FALSE(said.down);
  EXPECT_THAT(said.answer.fields,
              ElementsAre(Pair("on", "true"), Pair("password", "s3\"cret"), Pair("port", "5432")));
}

TEST_F(VaultTest, TellsAnswersThatAreNoSecrets) {
  for (const char* body :
       {"", "{}", "[]", R"({"data":{"password":"x"}})", R"({"data":{"data":1,"metadata":{}}})"})
    EXPECT_THAT(heard(200, body).answer.error, HasSubstr("is no secret of a KV store of version 2")) << body;
  EXPECT_THAT(heard(200, R"({"data":{"data":null,"metadata":{"deletion_time":"x"}}})").answer.error,
              HasSubstr("was deleted"));
}

TEST_F(VaultTest, TellsARefusalFromBeingDown) {
  auto denied = heard(403, R"({"errors":["permission denied"]})");
  EXPECT_EQ(denied.answer.error,
            "Vault at https://vault.example:8200 does not let this gateway read secret/data/orders "
            "(status 403: permission denied)");
  EXPECT_THAT(denied.answer.hint, HasSubstr("there is no token"));
  EXPECT_FALSE(denied.down);

  auto none = heard(404, R"({"errors":[]})");
  EXPECT_EQ(none.answer.error, "Vault has nothing at secret/data/orders");
  EXPECT_FALSE(none.down);

  auto sealed = heard(503, R"({"errors":["Vault is sealed"]})");
  EXPECT_THAT(sealed.answer.error, HasSubstr("cannot answer now (status 503: Vault is sealed)"));
  EXPECT_TRUE(sealed.down);
  EXPECT_TRUE(heard(429, "").down);
  EXPECT_TRUE(heard(473, "").down);
  EXPECT_FALSE(heard(400, "").down);

  auto gone =
      read_vault(access(), "a", base::fail(base::Reason::internal, "cannot be asked: Connection refused"));
  EXPECT_EQ(gone.answer.error, "Vault at https://vault.example:8200 cannot be asked: Connection refused");
  EXPECT_TRUE(gone.down);
}

}  // namespace
}  // namespace sluice::server::vault_test
