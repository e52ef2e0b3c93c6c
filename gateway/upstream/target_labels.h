// SPDX-License-Identifier: Apache-2.0
// TargetLabels: what an operator has written about a target for people: where it is, and whatever else. The
// gateway shows it and does nothing by it. Belongs to the entry of the list that names the target, so that a
// name has the same for each of its addresses. Immutable, shared.
#pragma once
#include <memory>
#include <string>
#include <unordered_map>

#include "gateway/config/values.h"

namespace sluice::upstream {

class Target;

struct TargetLabels {
  std::string zone;  // "": none
  config::ByName<std::string> metadata;
  bool operator==(const TargetLabels&) const = default;
};

using LabelsByTarget = std::unordered_map<const Target*, std::shared_ptr<const TargetLabels>>;

}  // namespace sluice::upstream
