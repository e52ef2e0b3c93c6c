// SPDX-License-Identifier: Apache-2.0
#include "gateway/server/kept_identity.h"

#include <gmock/gmock.h>

#include "gateway/config/load.h"

namespace sluice::server::kept_identity_test {
namespace {

using testing::AllOf;
using testing::HasSubstr;
using testing::IsEmpty;

struct Plain final : chain::Filter {};
struct Remover final : chain::Filter, chain::FieldRemoval {
  explicit Remover(std::string_view name) : removed(name) {}
  bool removes(std::string_view name) const noexcept override { return name == removed; }
  std::string_view removed;
};

class KeptIdentityTest : public testing::Test {
 protected:
  // A chain that tells the upstream nothing itself.
  void chain_of(std::string_view route, std::shared_ptr<const chain::Filter> filter = nullptr) {
    kept_.begin_chain(route);
    end(filter ? std::move(filter) : std::make_shared<Plain>());
  }
  void end(std::shared_ptr<const chain::Filter> filter) {
    std::vector<chain::Link> links;
    links.push_back({std::move(filter), {}, "policy"});
    kept_.end_chain(links);
  }
  // A chain whose filters set the field in requests, or only add to it.
  void telling_chain(std::string_view route, std::string_view name, bool replaces = true) {
    fields_.tells_identity(name);
    kept_.begin_chain(route);
    kept_.tells(name, "at", replaces);
    end(std::make_shared<Plain>());
  }
  std::string said() {
    fields_.settle();
    config::Diagnostics diagnostics;
    config::Document document = config::parse("{}", diagnostics);
    kept_.warn(fields_, config::Report(document, diagnostics));
    return diagnostics.text();
  }

  chain::IdentityFields fields_;
  KeptIdentity kept_;
};

TEST_F(KeptIdentityTest, IsNamedWithTheRoutesThatLeaveIt) {
  telling_chain("a", "Authorization");
  for (auto route : {"b", "c", "c", "d", "e"}) chain_of(route);

  EXPECT_THAT(said(), AllOf(HasSubstr("`Authorization` tells upstreams who calls"),
                            HasSubstr("the routes `b`, `c` and 2 more leave it"),
                            HasSubstr("headers: {request: {remove: Authorization}}")));
}

TEST_F(KeptIdentityTest, NeedsNoWarningWhereEveryChainReplacesOrRemovesIt) {
  telling_chain("a", "Authorization");
  telling_chain("b", "authorization");
  chain_of("c", std::make_shared<Remover>("Authorization"));
  EXPECT_THAT(said(), IsEmpty());

  chain_of("d", std::make_shared<Remover>("Cookie"));
  EXPECT_THAT(said(), HasSubstr("the route `d` leaves it"));
}

TEST_F(KeptIdentityTest, NeedsAWarningWhereWhatIsToldStandsBesideWhatCame) {
  telling_chain("a", "Authorization", false);
  EXPECT_THAT(said(), HasSubstr("the route `a` leaves it"));
}

TEST_F(KeptIdentityTest, NeedsNoWarningWhereItIsTakenFromEveryRequest) {
  telling_chain("a", "X-User");
  chain_of("b");
  EXPECT_THAT(said(), IsEmpty());
}

TEST_F(KeptIdentityTest, IsToldByNoChainIfAHandlerTellsIt) {
  chain_of("a");
  fields_.tells_identity("Cookie");
  kept_.tells("Cookie", "at", true);
  EXPECT_THAT(said(), HasSubstr("the route `a` leaves it"));
}

}  // namespace
}  // namespace sluice::server::kept_identity_test
