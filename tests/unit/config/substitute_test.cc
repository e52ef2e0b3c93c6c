// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/substitute.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/write.h"

#include "tests/support/fake_environment.h"
#include "tests/unit/config/sample.h"

namespace sluice::config::substitute_test {
namespace {

using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using namespace std::string_literals;

class SubstitutionTest : public testing::Test {
 protected:
  SubstitutionTest() {
    environment_.variables = {{"NAME", "orders"}, {"PORT", "8080"}, {"EMPTY", ""}, {"NESTED", "${env:NAME}"}};
    environment_.files = {
        {"/run/key", "s3cret-value\n"}, {"conf/rel", "relative\r\n"}, {"/two", "a\n\n"}, {"/nul", "a\0b"s}};
  }
  // The text of the value, or the complaint.
  std::string value(const std::string& yaml) {
    diagnostics_ = Diagnostics();
    document_.emplace(parse("a: " + yaml + "\n", diagnostics_, "conf/gateway.yaml", environment_));
    if (diagnostics_.has_errors()) return "! " + diagnostics_.sorted()[0].message;
    return std::string(document_->find("a")->text());
  }
  bool substituted() { return document_->find("a")->substituted; }
  test::FakeEnvironment environment_;
  Diagnostics diagnostics_;
  std::optional<Document> document_;
};

TEST_F(SubstitutionTest, PutsVariablesAndFilesIntoTexts) {
  EXPECT_EQ(value("${env:NAME}"), "orders");
  EXPECT_EQ(value("\"http://${env:NAME}:${env:PORT}/x\""), "http://orders:8080/x");
  EXPECT_EQ(value("'${env:NAME}'"), "orders");
  EXPECT_EQ(value("|\n  x ${env:NAME}\n"), "x orders\n");
  EXPECT_EQ(value("${env:EMPTY}"), "");
  EXPECT_EQ(document_->find("a")->kind, Kind::scalar);
  EXPECT_EQ(value("${file:/run/key}"), "s3cret-value");
  EXPECT_TRUE(substituted());
}

TEST_F(SubstitutionTest, ReadsFilesRelativeToTheConfiguration) {
  EXPECT_EQ(value("${file:rel}"), "relative");
  EXPECT_THAT(document_->files(), Contains("conf/rel"));
}

TEST_F(SubstitutionTest, TakesOneLineBreakOffTheEndOfAFile) { EXPECT_EQ(value("${file:/two}"), "a\n"); }

TEST_F(SubstitutionTest, LeavesVariablesOfTheRequestAlone) {
  EXPECT_EQ(value("/v1/${path.id}?u=${claim.sub}"), "/v1/${path.id}?u=${claim.sub}");
  EXPECT_FALSE(substituted());
  EXPECT_EQ(value("${path.id}${env:NAME}"), "${path.id}orders");
  EXPECT_EQ(value("$${env:NAME}"), "$${env:NAME}");
  EXPECT_FALSE(substituted());
}

TEST_F(SubstitutionTest, DoesNotSearchWhatItPutIn) { EXPECT_EQ(value("${env:NESTED}"), "${env:NAME}"); }

TEST_F(SubstitutionTest, SaysWhatIsMissing) {
  EXPECT_EQ(value("${env:NOPE}"), "! the environment variable NOPE is not set");
  EXPECT_EQ(value("${file:/nope}"), "! cannot read /nope: No such file or directory");
  EXPECT_EQ(value("${env:}"), "! `` cannot be the name of an environment variable");
  EXPECT_EQ(value("${env:A-B}"), "! `A-B` cannot be the name of an environment variable");
  EXPECT_EQ(value("${file:}"), "! ${file:} needs a path, as in ${file:/run/secrets/key}");
  EXPECT_EQ(value("${env:NAME"), "! a `${` is not closed by a `}`");
  EXPECT_EQ(value("${file:/nul}"), "! the value of ${file:/nul} holds a NUL byte");
}

TEST_F(SubstitutionTest, ReportsEveryMissingOneOfAText) {
  value("${env:A}${env:B}");

  EXPECT_EQ(diagnostics_.errors(), 2u);
  EXPECT_EQ(diagnostics_.sorted()[0].place, (Place{1, 1, 4}));
}

TEST_F(SubstitutionTest, LeavesABrokenValueThatNobodyComplainsAboutAgain) {
  EXPECT_EQ(sample::problems("version: ${env:NOPE}\n"),
            "gateway.yaml:1:10: error: the environment variable NOPE is not set\n"
            "  version: ${env:NOPE}\n"
            "           ^\n");
}

TEST_F(SubstitutionTest, GivesEveryTypeEvenInQuotes) {
  environment_.variables = {{"ONE", "1"}, {"YES", "true"}, {"SIZE", "64KiB"}};

  EXPECT_EQ(sample::problems("{version: \"${env:ONE}\", debug: \"${env:YES}\", buffer: \"${env:SIZE}\"}",
                             environment_),
            "");
}

TEST_F(SubstitutionTest, IsSecretInDiagnostics) {
  environment_.variables = {{"X", "geheim"}, {"NAME", "ordres"}};

  std::string text = sample::problems(
      "version: ${env:X}\nbuffer: ${env:X}\nupstreams: {orders: {targets: \"${env:X}\", balance: "
      "\"${env:X}\"}}\n"
      "routes: [{name: \"${env:X} \", to: \"${env:NAME}\", retry: \"${env:X}\"}]\n",
      environment_);

  EXPECT_THAT(text, HasSubstr("1:10: error: expected an integer, got ***"));
  EXPECT_THAT(text, HasSubstr("expected a size such as 64KiB, got ***"));
  EXPECT_THAT(text, HasSubstr("expected an address such as 10.0.0.1:8080, got ***"));
  EXPECT_THAT(text, HasSubstr("expected one of round_robin, power_of_two, got ***"));
  EXPECT_THAT(text, HasSubstr("expected a-z, 0-9 and -, got ***"));
  EXPECT_THAT(text, HasSubstr("there is no upstream named `***`"));
  EXPECT_THAT(text, HasSubstr("a mapping (retry), got ***"));
  EXPECT_THAT(text, Not(HasSubstr("geheim")));
  EXPECT_THAT(text, Not(HasSubstr("ordres")));
}

TEST_F(SubstitutionTest, IsSecretInTheLongForm) {
  environment_.variables = {{"X", "geheim"}};
  Diagnostics diagnostics;
  Document document = parse(
      "version: 1\nroutes: [{name: a, json: {k: [\"x ${env:X}\"]}}]\nupstreams: {u: {targets: "
      "\"${env:X}:1\"}}\n",
      diagnostics, "a.yaml", environment_);
  auto root = bind<sample::Root>(document, diagnostics);
  ASSERT_EQ(diagnostics.text(), "");

  EXPECT_EQ(root.upstreams[0].second.targets[0].host, "geheim");
  EXPECT_THAT(long_form(root, &document), Not(HasSubstr("geheim")));
  EXPECT_THAT(long_form(root, &document), HasSubstr("- \"***\""));
}

TEST(SubstitutionPaths, AreRelativeToADirectory) {
  EXPECT_EQ(resolved("conf", "a"), "conf/a");
  EXPECT_EQ(resolved("conf/", "a"), "conf/a");
  EXPECT_EQ(resolved("", "a"), "a");
  EXPECT_EQ(resolved("conf", "/a"), "/a");
  EXPECT_EQ(directory_of("a/b/c"), "a/b");
  EXPECT_EQ(directory_of("/c"), "/");
  EXPECT_EQ(directory_of("c"), "");
}

// Secrets of a Vault.
class VaultSubstitution : public SubstitutionTest {
 protected:
  VaultSubstitution() {
    environment_.secrets["secret/data/orders"].fields = {{"password", "hunter2-hunter2"}, {"user", "orders"}};
    environment_.secrets["kv/data/b"].fields = {{"pin", "1234"}};
  }
  std::string said(const std::string& yaml) {
    diagnostics_ = Diagnostics();
    vault_ = {};
    document_.emplace(parse(yaml, diagnostics_, "conf/gateway.yaml", environment_, &vault_));
    return diagnostics_.text();
  }
  std::string text(std::string_view path) { return std::string(document_->find(path)->text()); }

  VaultUse vault_;
};

TEST_F(VaultSubstitution, PutsFieldsOfSecretsIntoTexts) {
  EXPECT_EQ(value("${vault:secret/data/orders#password}"), "hunter2-hunter2");
  EXPECT_EQ(value("'${env:NAME}/${vault:secret/data/orders#user}:${vault:kv/data/b#pin}'"),
            "orders/orders:1234");
  EXPECT_TRUE(substituted());
  EXPECT_EQ(value("$${vault:secret/data/orders#user}"), "$${vault:secret/data/orders#user}");
}

TEST_F(VaultSubstitution, AsksOnceForEverything) {
  EXPECT_EQ(said("a: ${vault:secret/data/orders#user}\nb: [\"${vault:kv/data/b#pin}\"]\n"
                 "c: ${vault:secret/data/orders#password}\n"),
            "");

  ASSERT_EQ(environment_.asked.size(), 1u);
  EXPECT_THAT(environment_.asked[0], testing::ElementsAre("secret/data/orders", "kv/data/b"));
  EXPECT_EQ(text("b[0]"), "1234");
  EXPECT_EQ(vault_.secrets.size(), 3u);
}

TEST_F(VaultSubstitution, AsksNobodyWithoutNeed) {
  EXPECT_EQ(said("a: $${vault:x#y}\nvault: {address: \"http://127.0.0.1:8200\"}\n"), "");

  EXPECT_TRUE(environment_.asked.empty());
  EXPECT_TRUE(vault_.secrets.empty());
}

TEST_F(VaultSubstitution, AsksWhereTheDocumentSays) {
  EXPECT_EQ(said("a: ${vault:kv/data/b#pin}\nvault: {address: \"https://v:8200\", token: \"${env:NAME}\"}\n"),
            "");

  EXPECT_EQ(environment_.asked_as[0].address, "https://v:8200");
  EXPECT_EQ(environment_.asked_as[0].token.value, "orders");
}

TEST_F(VaultSubstitution, ReachesAliasesToo) {
  EXPECT_EQ(said("a: &x ${vault:kv/data/b#pin}\nb: *x\nc: &l [*x]\nd: *l\n"), "");

  EXPECT_EQ(text("b"), "1234");
  EXPECT_EQ(text("d[0]"), "1234");
}

TEST_F(VaultSubstitution, SaysWhatIsMissingAndWhere) {
  EXPECT_EQ(
      said("a: ${vault:kv/data/c#pin}\n"),
      "conf/gateway.yaml:1:4: error: Vault has nothing at kv/data/c\n  a: ${vault:kv/data/c#pin}\n     ^\n");
  EXPECT_THAT(said("a: ${vault:secret/data/orders#pasword}\n"),
              HasSubstr("has no field `pasword`\n  a: ${vault:secret/data/orders#pasword}\n     ^\n"
                        "  did you mean \"password\"?"));
  EXPECT_EQ(value("${vault:kv/data/b}"), "! ${vault:} needs the field of the secret behind a #");
  EXPECT_EQ(value("${vault:/kv#pin}"), "! ${vault:} needs the path of a secret in Vault's API");
  EXPECT_EQ(value("\"${vault:kv/data/b#pin\""), "! a `${` is not closed by a `}`");
}

TEST_F(VaultSubstitution, SaysThatAnOldValueStays) {
  environment_.secrets["kv/data/b"].stale = "Vault is down";

  EXPECT_THAT(said("a: ${vault:kv/data/b#pin}\n"),
              HasSubstr("warning: Vault is down: the value of before stays in use"));
  EXPECT_EQ(text("a"), "1234");
}

TEST_F(VaultSubstitution, IsNotUsedToFindVault) {
  EXPECT_THAT(said("vault: {address: \"https://v\", token: \"${vault:kv/data/b#pin}\"}\n"),
              HasSubstr("1:38: error: what says where Vault is cannot come from Vault"));
  EXPECT_TRUE(environment_.asked.empty());
}

TEST_F(VaultSubstitution, WaitsUntilTheSettingsOfVaultAreRight) {
  said("a: ${vault:kv/data/b#pin}\nvault: {adress: x}\n");

  EXPECT_TRUE(environment_.asked.empty());
  EXPECT_EQ(document_->find("a")->kind, Kind::broken);
}

TEST_F(VaultSubstitution, AsksNobodyForADocumentThatIsWrong) {
  said("a: ${vault:kv/data/b#pin}\nb: ${env:NOBODY}\n");

  EXPECT_TRUE(environment_.asked.empty());
  EXPECT_EQ(document_->find("a")->kind, Kind::broken);
}

TEST_F(VaultSubstitution, DoesWithoutWhereThereIsNobodyToAsk) {
  environment_.has_vault = false;

  EXPECT_THAT(said("a: ${vault:kv/data/b#pin}\nb: ${vault:kv/data/b}\nc: ${vault:kv/data/b#pin}\n"),
              testing::AllOf(HasSubstr("2:4: error: ${vault:} needs the field"),
                             HasSubstr("1:4: warning: nobody asks Vault for its secrets here")));

  EXPECT_TRUE(vault_.unasked);
  EXPECT_EQ(document_->find("c")->kind, Kind::broken);
  EXPECT_FALSE(diagnostics_.text().find("3:4:") != std::string::npos) << "said once";
}

TEST_F(VaultSubstitution, FindsItsTokenBesideTheFileThatNamesIt) {
  said("a: ${vault:kv/data/b#pin}\nvault: {token_file: run/token}\n");

  EXPECT_EQ(environment_.asked_as[0].token_file, "conf/run/token");
  EXPECT_EQ(vault_.config.token_file, "conf/run/token");
}

// Whoever may write confined files may not be the one who may read secrets, or whom the token is for.
class ConfinedVaultSubstitution : public VaultSubstitution {
 protected:
  std::string said_of(const std::string& team) {
    environment_.files["conf/team.yaml"] = team;
    return said("include: {files: team.yaml, confine: {path: /team/**}}\na: ${vault:kv/data/b#pin}\n");
  }
};

TEST_F(ConfinedVaultSubstitution, LetsOthersAsk) {
  EXPECT_EQ(said_of("routes: [x]\n"), "");
  EXPECT_EQ(environment_.asked.size(), 1u);
}

TEST_F(ConfinedVaultSubstitution, HoldsNoReference) {
  EXPECT_THAT(said_of("routes: [\"${vault:kv/data/b#pin}\"]\n"),
              HasSubstr("conf/team.yaml:1:10: error: a file that is confined cannot hold ${vault:}"));
  EXPECT_TRUE(environment_.asked.empty());
}

TEST_F(ConfinedVaultSubstitution, DoesNotSayWhoIsAsked) {
  EXPECT_THAT(said_of("vault: {address: \"https://evil\"}\n"),
              HasSubstr("conf/team.yaml:1:8: error: a file that is confined cannot hold `vault`"));
  EXPECT_TRUE(environment_.asked.empty());
  EXPECT_THAT(said_of("resolver: {nameservers: [10.0.0.1]}\n"), HasSubstr("cannot hold `resolver`"));
  EXPECT_TRUE(environment_.asked.empty());
}

TEST_F(ConfinedVaultSubstitution, DoesNotAddToWhoIsAsked) {
  environment_.files["conf/team.yaml"] = "vault: {token_file: /etc/shadow}\n";

  EXPECT_THAT(said("include: {files: team.yaml, confine: {path: /team/**}}\na: ${vault:kv/data/b#pin}\n"
                   "vault: {address: \"https://vault\"}\n"),
              HasSubstr("conf/team.yaml:1:"));
  EXPECT_TRUE(environment_.asked.empty());
}

TEST_F(VaultSubstitution, IsNotShown) {
  said("a: ${vault:secret/data/orders#password}\n");

  diagnostics_.error(document_->find("a")->place, "", "got hunter2-hunter2");

  EXPECT_THAT(diagnostics_.text(), HasSubstr("got ***"));
  EXPECT_THAT(diagnostics_.text(), HasSubstr("a: ${vault:secret/data/orders#password}"));
}

}  // namespace
}  // namespace sluice::config::substitute_test
