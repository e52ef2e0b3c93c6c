// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/parts.h"

#include "gateway/compose/enrich.h"

namespace sluice::compose {

void Parts::make(std::uint32_t call, std::string_view value, bool finished, std::string_view shaped) {
  const CallPlan& p = plan_->calls[call];
  if (!finished && !shaped.empty()) {
    value = shaped;
  } else if (!finished && p.shape.changes()) {
    json::Output made(value.size());
    p.shape.apply(value, made);
    value = keep(std::move(made));
  }
  if (p.zip) {
    json::Output zipped(value.size());
    zip(value, other(*p.zip), *arena_, zipped);
    value = keep(std::move(zipped));
  }
  if (p.join) {
    json::Output joined(value.size());
    join(*p.join, value, other(p.join->call), *arena_, joined);
    value = keep(std::move(joined));
  }
  parts_[call] = value;
}

std::string_view Parts::other(std::uint32_t call) const noexcept {
  return parts_[call].data() ? parts_[call] : std::string_view("null");
}

std::string_view Parts::keep(json::Output made) { return made_.emplace_back(std::move(made)).text(); }

}  // namespace sluice::compose
