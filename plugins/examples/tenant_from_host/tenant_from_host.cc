// SPDX-License-Identifier: Apache-2.0
// The filter `tenant_from_host`, an example of a plugin: services learn which tenant is meant from a header
// field, whose value is the first label of the host. "acme.example.com" is the tenant "acme".
#include <string>

#include "gateway/base/strings.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"

namespace sluice::plugins {

struct TenantFromHostConfig {
  std::string domain;
  std::string field = "X-Tenant";
  bool operator==(const TenantFromHostConfig&) const = default;
};

void describe(config::Description<TenantFromHostConfig>& d) {
  using namespace config;
  d.about("tenant_from_host", "Tells services the tenant, which is the label of the host before `domain`.");
  d.field("domain", &TenantFromHostConfig::domain, "What follows the tenant in the host.", required,
          example("example.com"));
  d.field("field", &TenantFromHostConfig::field, "The header field that tells the tenant.");
}

namespace {

class TenantFromHost final : public chain::Filter {
 public:
  explicit TenantFromHost(const TenantFromHostConfig& c)
      : suffix_("." + base::to_lower(c.domain)), field_(c.field) {}

  base::Task<chain::Step> on_request(chain::Exchange& ex) const override {
    std::string_view host = ex.request.host;  // in lower case, without a port
    if (!host.ends_with(suffix_) || host.size() == suffix_.size())
      return chain::reply(ex, base::Reason::validation, "the host names no tenant");
    // In place of what the client may have claimed.
    ex.request.fields.set(field_, host.substr(0, host.size() - suffix_.size()));
    return chain::Step::next;
  }

 private:
  std::string suffix_;
  std::string field_;
};

const chain::FilterKind<TenantFromHost, TenantFromHostConfig> kTenantFromHost{
    "tenant_from_host", chain::Stage::shape, "Tells services the tenant that the host names.",
    "{domain: example.com}"};

}  // namespace
}  // namespace sluice::plugins
