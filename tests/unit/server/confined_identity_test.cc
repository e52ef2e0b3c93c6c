// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/confined_identity.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "gateway/config/load.h"

#include "tests/support/fake_environment.h"

namespace sluice::server::confined_identity_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

// Four files: main.yaml; a.yaml and b.yaml, which it confines; sub.yaml, which a.yaml confines further. Each
// has a policy of its name, which is what tells or reads.
class ConfinedIdentityTest : public testing::Test {
 protected:
  static config::Document load(config::Diagnostics& diagnostics) {
    return config::load("main.yaml", diagnostics,
                        test::FakeEnvironment({{"main.yaml",
                                                "include:\n"
                                                "  - {files: a.yaml, confine: {path: /a/**}}\n"
                                                "  - {files: b.yaml, confine: {path: /b/**}}\n"
                                                "policies: {main: 1}\n"},
                                               {"a.yaml",
                                                "include: {files: sub.yaml, confine: {path: /a/sub/**}}\n"
                                                "policies: {a: 1}\n"},
                                               {"b.yaml", "policies: {b: 1}\n"},
                                               {"sub.yaml", "policies: {sub: 1}\n"}}));
  }
  void tells(const std::string& policy, std::string_view name) {
    identity_.tells(name, "policies." + policy);
  }
  void reads(const std::string& policy, std::string_view name) {
    identity_.reads(name, "policies." + policy);
  }
  std::string said() {
    identity_.check();
    return diagnostics_.text();
  }

  config::Diagnostics diagnostics_;
  config::Document document_ = load(diagnostics_);
  config::Report report_{document_, diagnostics_};
  ConfinedIdentity identity_{report_};
};

TEST_F(ConfinedIdentityTest, RefusesCredentialsWhereOthersTellWhoCalls) {
  tells("main", "X-User");
  reads("a", "x-user");

  EXPECT_THAT(said(),
              AllOf(HasSubstr("a.yaml:2:15: error: a file that is confined cannot read credentials in "
                              "`x-user`, where others tell upstreams who calls"),
                    HasSubstr("they do at main.yaml:4:18; confined at main.yaml:2:30")));
}

TEST_F(ConfinedIdentityTest, KnowsWhoTheOthersAre) {
  tells("b", "X-User");
  reads("a", "X-User");
  EXPECT_THAT(said(), AllOf(HasSubstr("a.yaml:2:15: error: a file that is confined cannot read"),
                            HasSubstr("b.yaml:1:15: error: a file that is confined cannot tell")));
}

TEST_F(ConfinedIdentityTest, RefusesThemInAFileThatIsConfinedFurther) {
  tells("a", "X-User");
  reads("sub", "X-User");
  EXPECT_THAT(said(), HasSubstr("sub.yaml:1:17: error: a file that is confined cannot read credentials"));
}

TEST_F(ConfinedIdentityTest, LetsAFileReadWhatNobodyElseTells) {
  tells("sub", "X-Own");
  tells("a", "X-User");
  reads("a", "X-User");
  reads("a", "X-Key");
  reads("b", "X-Key");
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(ConfinedIdentityTest, LetsThemDoWhatChangesNothing) {
  tells("main", "X-User");
  reads("main", "X-User");
  reads("a", "X-User");
  tells("main", "Content-Type");
  tells("b", "Content-Type");
  tells("main", "Authorization");
  reads("a", "Authorization");
  tells("b", "cookie");
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(ConfinedIdentityTest, ExcusesNoFileByAnotherThatIsConfinedElsewhere) {
  tells("main", "X-User");
  reads("a", "X-User");
  reads("b", "X-User");
  EXPECT_THAT(said(), AllOf(HasSubstr("a.yaml:2:15: error"), HasSubstr("b.yaml:1:15: error")));
}

TEST_F(ConfinedIdentityTest, RefusesToTellWhoCallsInWhatEverybodyNeeds) {
  for (auto name : {"Content-Type", "range", "Sec-WebSocket-Key", "If-Match", "tracestate", "X-CSRF-Token"})
    tells("a", name);
  for (auto name : {"X-User", "Remote-User", "X-Tenant"}) tells("a", name);

  auto all = said();
  for (auto name : {"Content-Type", "range", "Sec-WebSocket-Key", "If-Match", "tracestate", "X-CSRF-Token"})
    EXPECT_THAT(
        all, HasSubstr("cannot tell upstreams who calls in `" + std::string(name) + "`, which others need"));
  EXPECT_EQ(diagnostics_.errors(), 6u) << all;
}

TEST_F(ConfinedIdentityTest, RefusesToTellWhoCallsWhereOthersReadCredentials) {
  reads("main", "X-Key");
  tells("a", "X-Key");
  EXPECT_THAT(said(),
              AllOf(HasSubstr("a.yaml:2:15: error: a file that is confined cannot tell upstreams who calls "
                              "in `X-Key`, where others read credentials"),
                    HasSubstr("they do at main.yaml:4:18; confined at")));
}

TEST_F(ConfinedIdentityTest, KnowsNamesThatLookAlike) {
  reads("main", "X-Key");
  tells("a", "X_Key");
  EXPECT_THAT(said(), HasSubstr("where others read credentials"));
}

TEST_F(ConfinedIdentityTest, LeavesFilesAloneThatAreNotConfined) {
  tells("main", "Content-Type");
  tells("main", "X-User");
  reads("main", "X-User");
  EXPECT_THAT(said(), IsEmpty());
}

}  // namespace
}  // namespace sluice::server::confined_identity_test
