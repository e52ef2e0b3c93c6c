// SPDX-License-Identifier: Apache-2.0
#include "gateway/handlers/branch.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>

#include "gateway/base/error.h"
#include "gateway/chain/exchange.h"

namespace sluice::handlers {
namespace {

const chain::HandlerKind<Branch, BranchConfig> kBranch{
    "branch", "Chooses between handlers by conditions, once it is known who calls.",
    "[{when: '\"beta\" in consumer.groups', to: orders-next}, {to: orders}]"};

void check_branch(const BranchConfig& c, const config::Site& at) {
  for (std::size_t i = 0; i + 1 < c.of.size(); ++i)
    if (!c.of[i].when)
      at.error(config::path("of", i + 1), "is never reached: the one before it has no condition");
}

}  // namespace

void describe(config::Description<BranchArmConfig>& d) {
  using namespace config;
  d.about("branch_arm", "A handler, and when it answers.");
  d.field("when", &BranchArmConfig::when, "A condition. What it looks at is as the filters have left it.",
          default_is("always"), example("claim.tier == \"gold\""));
  d.one_of(&BranchArmConfig::handler, chain::handler_alternatives(), "What answers.", required);
}

void describe(config::Description<BranchConfig>& d) {
  using namespace config;
  d.about("branch",
          "Chooses between handlers: the first whose condition holds answers. The filters of the route come "
          "before, so that conditions may ask who calls. If none holds the answer is 404 `no_route`.");
  d.field("of", &BranchConfig::of, "The handlers, in the order in which they are tried.", required,
          min_items(1), max_items(64),
          example("[{when: '\"beta\" in consumer.groups', to: orders-next}, {to: orders}]"));
  d.shorthand(&BranchConfig::of);
  d.check(check_branch);
}

std::optional<chain::Stage> BranchConfig::needs() const {
  for (const auto& arm : of)
    if (arm.when && arm.when->about_identity()) return chain::Stage::identify;
  return std::nullopt;
}

std::vector<const config::Choice*> BranchConfig::inner() const {
  std::vector<const config::Choice*> out;
  for (const auto& arm : of) out.push_back(&arm.handler);
  return out;
}

Branch::Branch(const BranchConfig& config, chain::Builder& builder) {
  for (std::size_t i = 0; i < config.of.size(); ++i) {
    const auto& arm = config.of[i];
    arms_.push_back(
        {arm.when, std::string(arm.handler.name()), builder.handler(arm.handler, config::path("of", i))});
  }
}

std::vector<chain::Holding> Branch::holds() const {
  std::vector<chain::Holding> out;
  for (const Arm& arm : arms_) std::ranges::move(arm.handler->holds(), std::back_inserter(out));
  return out;
}

base::Task<base::Result<void>> Branch::answer(chain::Exchange& ex) const {
  for (const Arm& arm : arms_)
    if (!arm.when || arm.when->holds(ex)) return arm.handler->answer(ex);
  return base::Result<void>(base::fail(base::Reason::no_route, "no branch of the route fits"));
}

}  // namespace sluice::handlers
