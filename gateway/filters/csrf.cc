// SPDX-License-Identifier: Apache-2.0
// The filter `csrf`: keeps other sites from making a user's browser act here. By what browsers say
// themselves: Sec-Fetch-Site first, which a page cannot forge, then Origin (the W3C's Fetch Metadata; the
// order of the checks is that of Go's http.CrossOriginProtection). Requests without either come from no
// browser of the last years and carry no user's cookies against his will. Opening a WebSocket is a GET that
// acts, and is checked as such.
#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/admission.h"
#include "gateway/chain/registry.h"
#include "gateway/http/authority.h"
#include "gateway/http/origin.h"

namespace sluice::filters {

struct CsrfConfig {
  std::vector<std::string> trust;
  bool same_site = false;
  bool operator==(const CsrfConfig&) const = default;
};

namespace {

using View = std::string_view;

// Pages have no other schemes.
bool of_a_page(const http::Origin& origin) noexcept {
  return base::equal_ignoring_case(origin.scheme, "https") ||
         base::equal_ignoring_case(origin.scheme, "http");
}

std::string refuse_page_origin(const std::string& text) {
  auto origin = http::parse_origin(text);
  return origin && of_a_page(*origin) ? "" : "must be an origin such as https://app.example.com";
}

}  // namespace

void describe(config::Description<CsrfConfig>& d) {
  using namespace config;
  d.about("csrf",
          "Refuses with 403 what a page of another site makes a browser send, but for GET, HEAD and OPTIONS; "
          "WebSockets are refused too. Judges by Sec-Fetch-Site, and by Origin for browsers without it.");
  d.field("trust", &CsrfConfig::trust, "Origins of other sites whose pages may.", one_or_many, unique,
          each(config::check(refuse_page_origin)), example("https://app.example.com"));
  d.field("same_site", &CsrfConfig::same_site,
          "Pages of other hosts below the same registered domain may too.");
}

namespace {

using chain::Exchange;
using chain::Step;
using http::FieldId;

class Csrf final : public chain::Filter {
 public:
  Csrf(const CsrfConfig& c, chain::Builder& builder)
      : same_site_(c.same_site), decisions_(builder.decisions()) {
    for (const auto& text : c.trust)
      if (auto origin = http::parse_origin(text)) trust_.push_back(http::origin_text(*origin));
  }

  base::Task<Step> on_request(Exchange& ex) const override {
    return chain::admit(ex, *decisions_, is_good(ex), "the request was made by a page of another site");
  }

 private:
  bool is_good(const Exchange& ex) const {
    if (!acts(ex.request)) return true;
    const auto& fields = ex.request.fields;
    const http::Field* origin = fields.find(FieldId::origin);
    const http::Field* site = fields.find("Sec-Fetch-Site");
    if (site) {
      if (site->value == "same-origin" || site->value == "none") return true;
      if (site->value == "same-site" && same_site_) return true;
    } else if (!origin) {
      return true;
    }
    return origin && (trusted(origin->value) || (!site && is_ours(ex, origin->value)));
  }
  static bool acts(const http::RequestHead& request) noexcept {
    switch (request.method) {
      case http::Method::get:
        return !request.upgrade.empty();
      case http::Method::head:
      case http::Method::options:
        return false;
      default:
        return true;
    }
  }

  bool trusted(View text) const {
    auto origin = http::parse_origin(text);
    return origin && std::ranges::any_of(trust_, [&](const std::string& trusted) {
             auto other = http::parse_origin(trusted);
             return other && http::same_origin(*origin, *other);
           });
  }

  // On a listener without TLS nobody knows whether the browser came over TLS to a proxy before us.
  static bool is_ours(const Exchange& ex, View text) {
    auto origin = http::parse_origin(text);
    auto asked = http::parse_authority(ex.request.authority);
    if (!origin || !asked || !of_a_page(*origin)) return false;
    bool tls = ex.stream.connection().scheme() == "https";
    bool over_tls = base::equal_ignoring_case(origin->scheme, "https");
    if (tls && !over_tls) return false;
    std::uint16_t usual = over_tls ? 443 : 80;
    return base::equal_ignoring_case(origin->host, asked->host) &&
           origin->port == (asked->has_port ? asked->port : usual);
  }

  std::vector<std::string> trust_;
  bool same_site_;
  std::shared_ptr<observe::PolicyMetrics> decisions_;
};

const chain::FilterKind<Csrf, CsrfConfig> kCsrf{
    "csrf", chain::Stage::admit, "Refuses what pages of other sites make browsers send.", "{}"};

}  // namespace
}  // namespace sluice::filters
