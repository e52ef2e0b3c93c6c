// SPDX-License-Identifier: Apache-2.0
// The filter `hsts`: tells browsers to come by TLS alone from now on (RFC 6797). Says nothing on plain
// connections, where anybody could have said it (section 7.2).
#include "gateway/filters/hsts.h"

#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"

namespace sluice::filters {

void describe(config::Description<HstsConfig>& d) {
  d.about("hsts",
          "Tells browsers to use TLS alone for this host (Strict-Transport-Security). Only on listeners with "
          "`tls`. It cannot be taken back at once: browsers remember it for `max_age`.");
  describe_hsts(d);
}

namespace {

class Hsts final : public chain::Filter {
 public:
  explicit Hsts(const HstsConfig& c) : value_(c.field_value()) {}

  base::Task<void> on_response(chain::Exchange& ex) const override {
    if (ex.stream.connection().scheme() == "https") ex.response.fields.set(kStrictTransportSecurity, value_);
    return {};
  }

 private:
  std::string value_;
};

const chain::FilterKind<Hsts, HstsConfig> kHsts{
    "hsts", chain::Stage::shape, "Tells browsers to use TLS alone.", "{include_subdomains: true}"};

}  // namespace
}  // namespace sluice::filters
