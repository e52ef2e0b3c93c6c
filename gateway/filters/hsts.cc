// SPDX-License-Identifier: Apache-2.0
// The filter `hsts`: tells browsers to come by TLS alone from now on (RFC 6797). Says nothing on plain
// connections, where anybody could have said it (section 7.2).
#include <string>

#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"

namespace sluice::filters {

struct HstsConfig {
  config::Duration max_age = std::chrono::hours(365 * 24);
  bool include_subdomains = false;
  bool preload = false;
  bool operator==(const HstsConfig&) const = default;
};

void describe(config::Description<HstsConfig>& d) {
  using namespace config;
  d.about("hsts",
          "Tells browsers to use TLS alone for this host (Strict-Transport-Security). Only on listeners with "
          "`tls`. It cannot be taken back at once: browsers remember it for `max_age`.");
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

namespace {

class Hsts final : public chain::Filter {
 public:
  explicit Hsts(const HstsConfig& c)
      : value_(
            "max-age=" + std::to_string(std::chrono::duration_cast<std::chrono::seconds>(c.max_age).count()) +
            (c.include_subdomains ? "; includeSubDomains" : "") + (c.preload ? "; preload" : "")) {}

  base::Task<void> on_response(chain::Exchange& ex) const override {
    if (ex.stream.connection().scheme() == "https")
      ex.response.fields.set("Strict-Transport-Security", value_);
    return {};
  }

 private:
  std::string value_;
};

const chain::FilterKind<Hsts, HstsConfig> kKind{
    "hsts", chain::Stage::shape, "Tells browsers to use TLS alone.", "{include_subdomains: true}"};

}  // namespace
}  // namespace sluice::filters
