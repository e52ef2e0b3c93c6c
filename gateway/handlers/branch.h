// SPDX-License-Identifier: Apache-2.0
// Branch: the handler that chooses between others by conditions. Conditions are looked at when all filters
// have had their turn, so they may ask who calls: the route itself is chosen before that is known, and never
// by what a caller merely says.
#pragma once
#include <memory>
#include <optional>
#include <vector>

#include "gateway/chain/condition.h"
#include "gateway/chain/registry.h"

namespace sluice::handlers {

struct BranchArmConfig {
  std::optional<chain::Condition> when;
  config::Choice handler;
  bool operator==(const BranchArmConfig&) const = default;
};
void describe(config::Description<BranchArmConfig>& d);

struct BranchConfig {
  std::vector<BranchArmConfig> of;
  bool operator==(const BranchConfig&) const = default;

  std::optional<chain::Stage> needs() const;
  std::vector<const config::Choice*> inner() const;
  static chain::AnswerFrom answer_from() noexcept { return chain::AnswerFrom::upstream; }
};
void describe(config::Description<BranchConfig>& d);

class Branch final : public chain::Handler {
 public:
  struct Arm {
    std::optional<chain::Condition> when;
    std::string kind;  // "to", "respond" and so on
    std::shared_ptr<const chain::Handler> handler;
  };

  Branch(const BranchConfig& config, chain::Builder& builder);
  // By the first whose condition holds; without one as a request that no route matches.
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override;
  std::vector<chain::Holding> holds() const override;

  const std::vector<Arm>& arms() const noexcept { return arms_; }

 private:
  std::vector<Arm> arms_;
};

}  // namespace sluice::handlers
