// SPDX-License-Identifier: Apache-2.0
// The order of the calls of a plan: who comes after whom, who waits for itself, and who may be missing when
// another one needs it. For Planner, while a configuration is read.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "gateway/compose/plan.h"

namespace sluice::compose {

using Needs = std::vector<std::uint32_t> (*)(const CallPlan& call);

// Appends the numbers of all calls, each behind those that it needs. The number of one that waits for itself,
// if there is one; it is not appended.
std::optional<std::uint32_t> put_in_order(const std::vector<CallPlan>& calls, Needs needs,
                                          std::vector<std::uint32_t>& out);

// "a -> b -> a", from a call that is not in order by CallPlan::needs.
std::string circle(const std::vector<CallPlan>& calls, std::uint32_t from);

// A call that another one needs and that may come to nothing: because it fails, or is left out by a
// condition; or to a fallback of which the request of the other one cannot be made.
struct Missing {
  std::uint32_t call = 0;
  bool left_out = false;
  std::string unfit;  // why the fallback does not do; else empty
};
// The first such one of a required call for which that would mean that it is not made, and so an answer
// without it. Nobody waits for himself.
std::optional<Missing> may_be_missing(const std::vector<CallPlan>& calls, const CallPlan& required);

}  // namespace sluice::compose
