// SPDX-License-Identifier: Apache-2.0
// Admission: the last step of filters that look at a request once and then let it pass or refuse it. Counts
// what was decided, so that none of them answers without.
#pragma once
#include <string_view>

#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/observe/policy_metrics.h"

namespace sluice::chain {

// `why` is for the caller of one that is not good to read.
inline Step admit(Exchange& ex, observe::PolicyMetrics& decisions, bool good, std::string_view why) {
  decisions.count(ex.worker.index, good ? observe::Decision::allow : observe::Decision::deny);
  return good ? Step::next : reply(ex, base::Reason::forbidden, why);
}

}  // namespace sluice::chain
