// SPDX-License-Identifier: Apache-2.0
// Parts: what goes into the answer of each call: its value, shaped, and enriched by those of others (join,
// zip). For one composition; the values must live as long.
#pragma once
#include <span>
#include <string_view>
#include <vector>

#include "gateway/compose/plan.h"
#include "gateway/json/text.h"

namespace sluice::compose {

class Parts {
 public:
  Parts(const Plan& plan, base::Arena& arena) : plan_(&plan), arena_(&arena), parts_(plan.calls.size()) {}
  Parts(const Parts&) = delete;

  // The call came to this. `finished`: the value is taken as it is. `shaped`: what its shape makes of it, if
  // that is known already, else empty. Calls whose parts this one takes from come before, as in
  // Plan::enriching; where they came to nothing, so do their lists.
  void make(std::uint32_t call, std::string_view value, bool finished, std::string_view shaped = {});
  // Without data if the call came to nothing.
  std::string_view operator[](std::size_t call) const noexcept { return parts_[call]; }

 private:
  std::string_view keep(json::Output made);
  std::string_view other(std::uint32_t call) const noexcept;

  const Plan* plan_;
  base::Arena* arena_;
  std::vector<std::string_view> parts_;
  std::vector<json::Output> made_;  // memory of what is no slice of an answer
};

}  // namespace sluice::compose
