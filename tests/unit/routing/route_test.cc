// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/route.h"

#include <gmock/gmock.h>

#include "gateway/chain/exchange.h"

namespace sluice::routing::route_test {
namespace {

struct Mute final : chain::Handler {
  base::Task<base::Result<void>> answer(chain::Exchange&) const override { return base::Result<void>(); }
};
std::shared_ptr<const Route> route(std::string name) {
  return std::make_shared<const Route>(
      Route{std::move(name), chain::Chain({}, std::make_shared<Mute>()), nullptr});
}

struct RouteOfAListener : testing::Test {
  RouteOfAListener() { snapshot.routes.push_back(route("plain")); }
  std::string of(std::string listener) const {
    http::ListenerFacts facts;
    facts.name = std::move(listener);
    http::ConnectionFacts connection;
    connection.listener = &facts;
    const auto& found = snapshot.route(0, &connection);
    return found ? found->name : "none";
  }
  Snapshot snapshot;
};

TEST_F(RouteOfAListener, IsTheSameForAllUnlessOneHasFilters) { EXPECT_EQ(of("whatever"), "plain"); }

TEST_F(RouteOfAListener, HasTheFiltersOfThatListener) {
  snapshot.by_listener = true;
  snapshot.of_listeners.push_back({"edge", {route("guarded")}});
  snapshot.plain_listeners = {"web"};

  EXPECT_EQ(of("edge"), "guarded");
  EXPECT_EQ(of("web"), "plain");
}

TEST_F(RouteOfAListener, IsNoneOnceTheListenerIsGone) {
  snapshot.by_listener = true;
  snapshot.plain_listeners = {"web"};

  EXPECT_EQ(of("edge"), "none");
}

TEST_F(RouteOfAListener, IsThePlainOneWithoutAConnection) {
  snapshot.by_listener = true;

  EXPECT_EQ(snapshot.route(0, nullptr)->name, "plain");
}

}  // namespace
}  // namespace sluice::routing::route_test
