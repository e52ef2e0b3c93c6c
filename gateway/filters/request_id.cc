// SPDX-License-Identifier: Apache-2.0
// The filter `request_id`: gives the exchange an id that the upstream, the client and the logs all see in
// X-Request-ID.
#include "gateway/chain/request_id.h"

#include <optional>

#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"

namespace sluice::filters {

struct RequestIdConfig {
  std::optional<bool> trust;
  bool operator==(const RequestIdConfig&) const = default;
};

void describe(config::Description<RequestIdConfig>& d) {
  using namespace config;
  d.about("request_id", "Sends an id of the request upstream and back to the client, in X-Request-ID.");
  d.field("trust", &RequestIdConfig::trust,
          "Keeps the id that came with the request, if it has 1 to 128 letters, digits and `-._~+/=:@`. "
          "Otherwise, and always with false, the id is a new UUID (version 7).",
          default_is("true for requests of the listener's trusted_proxies, false for others"));
}

namespace {

using http::FieldId;

class RequestIdFilter final : public chain::Filter {
 public:
  explicit RequestIdFilter(const RequestIdConfig& c) : trust_(c.trust) {}

  base::Task<chain::Step> on_request(chain::Exchange& ex) const override {
    bool trusts = trust_.value_or(ex.stream.connection().forwarded != nullptr);
    if (trusts && ex.request_id.empty()) ex.request_id = chain::offered_request_id(ex);
    ex.request.fields.set(FieldId::x_request_id, chain::own_request_id(ex));
    return chain::Step::next;
  }
  base::Task<void> on_response(chain::Exchange& ex) const override {
    ex.response.fields.set(FieldId::x_request_id, chain::request_id(ex));
    return {};
  }
  bool names_request() const noexcept override { return true; }

 private:
  std::optional<bool> trust_;
};

const chain::FilterKind<RequestIdFilter, RequestIdConfig> kRequestId{
    "request_id", chain::Stage::observe, "Sends an id of the request upstream and back to the client.",
    "{trust: true}"};

}  // namespace
}  // namespace sluice::filters
