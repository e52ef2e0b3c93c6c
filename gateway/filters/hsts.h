// SPDX-License-Identifier: Apache-2.0
// Strict-Transport-Security (RFC 6797): its settings and the value of the field, for the filters that set it.
#pragma once
#include <string>

#include "gateway/config/describe.h"

namespace sluice::filters {

struct HstsConfig {
  config::Duration max_age = std::chrono::hours(365 * 24);
  bool include_subdomains = false;
  bool preload = false;
  bool operator==(const HstsConfig&) const = default;

  std::string field_value() const {
    auto seconds = std::chrono::duration_cast<std::chrono::seconds>(max_age).count();
    return "max-age=" + std::to_string(seconds) + (include_subdomains ? "; includeSubDomains" : "") +
           (preload ? "; preload" : "");
  }
};

inline constexpr const char* kStrictTransportSecurity = "Strict-Transport-Security";

// Of C, which is HstsConfig or has it as its base.
template <class C>
void describe_hsts(config::Description<C>& d) {
  using namespace config;
  d.field("max_age", &HstsConfig::max_age, "How long browsers remember it; 0s makes them forget.",
          at_least(std::chrono::seconds(0)));
  d.field("include_subdomains", &HstsConfig::include_subdomains, "For every host below this one too.");
  d.field("preload", &HstsConfig::preload,
          "Agrees to be put on the lists that browsers come with. Needs a year and include_subdomains.");
  d.check([](const HstsConfig& c, const Site& at) {
    if (c.preload && (!c.include_subdomains || c.max_age < std::chrono::hours(365 * 24)))
      at.error("preload", "needs include_subdomains and a max_age of at least 8760h");
  });
}

}  // namespace sluice::filters
