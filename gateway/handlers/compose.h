// SPDX-License-Identifier: Apache-2.0
// Compose: the handler that makes one answer of several calls. The work is in gateway/compose.
#pragma once
#include "gateway/chain/exchange.h"
#include "gateway/compose/plan.h"

namespace sluice::handlers {

class Compose final : public compose::Composer {
 public:
  Compose(const compose::ComposeConfig& config, chain::Builder& builder) : plan_(config, builder) {}
  base::Task<base::Result<void>> answer(chain::Exchange& ex) const override;

  std::vector<chain::Holding> holds() const override { return plan_.holds(); }
  const compose::Plan& plan() const noexcept override { return plan_; }

 private:
  compose::Plan plan_;
};

}  // namespace sluice::handlers
