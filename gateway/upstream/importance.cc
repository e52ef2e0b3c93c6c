// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/importance.h"

namespace sluice::upstream {

void describe(config::Enumeration<Importance>& e) {
  e.about("importance");
  e.value("critical", Importance::critical, "Served to the last: health checks, logins, callers who pay.");
  e.value("normal", Importance::normal, "Whatever has nothing else said about it.");
  e.value("low", Importance::low, "Refused first: prefetches, reports, whatever comes again by itself.");
}

std::string_view name(Importance importance) noexcept {
  constexpr std::string_view kNames[] = {"low", "normal", "critical"};
  return kNames[static_cast<std::size_t>(importance)];
}

}  // namespace sluice::upstream
