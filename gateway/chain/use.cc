// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/use.h"

#include "gateway/chain/registry.h"

namespace sluice::chain {

using namespace config;

void describe(Description<UseConfig>& d) {
  d.about("use", "The name of a policy, or a filter with its settings in place.");
  d.field("policy", &UseConfig::policy, "Name of a policy.", reference("policy"));
  d.one_of(&UseConfig::filter, filter_alternatives(), "A filter in place.");
  d.shorthand(&UseConfig::policy);
  d.check([](const UseConfig& u, const Site& at) {
    if (u.policy.empty() == !u.filter) at.error("", "expected either the name of a policy or one filter");
  });
}

}  // namespace sluice::chain
