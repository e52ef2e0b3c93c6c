// SPDX-License-Identifier: Apache-2.0
// join and zip: the items of one list with what another list has for them, by a key or by their place. Linear
// in both lists.
#pragma once
#include "gateway/compose/plan.h"
#include "gateway/json/text.h"

namespace sluice::compose {

// `value` with the items of its list enriched by those of `other`; as it is where it has no such list.
void join(const JoinPlan& plan, std::string_view value, std::string_view other, base::Arena& arena,
          json::Output& out);
// Items in the same place, of both lists, merged: members of `other` go over those of `value`; what has no
// counterpart stays as it is.
void zip(std::string_view value, std::string_view other, base::Arena& arena, json::Output& out);

}  // namespace sluice::compose
