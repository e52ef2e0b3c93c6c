// SPDX-License-Identifier: Apache-2.0
// The filter `csrf`: keeps other sites from making a user's browser act here. By what browsers say
// themselves: Sec-Fetch-Site first, which a page cannot forge, then Origin (the W3C's Fetch Metadata; the
// order of the checks is that of Go's http.CrossOriginProtection). Requests without either come from no
// browser of the last years and carry no user's cookies against his will. Opening a WebSocket is a GET that
// acts, and is checked as such.
#include <algorithm>
#include <optional>
#include <string>
#include <vector>

#include "gateway/base/strings.h"
#include "gateway/chain/exchange.h"
#include "gateway/chain/local_reply.h"
#include "gateway/chain/registry.h"
#include "gateway/http/authority.h"

namespace sluice::filters {

struct CsrfConfig {
  std::vector<std::string> trust;
  bool same_site = false;
  bool operator==(const CsrfConfig&) const = default;
};

namespace {

using View = std::string_view;

// An origin taken apart; host in lower case, the port as a number.
struct Origin {
  View scheme;
  std::string host;
  std::uint16_t port = 0;
  bool operator==(const Origin&) const = default;
};

constexpr std::uint16_t kHttp = 80, kHttps = 443;

std::optional<Origin> parse_origin(View text) {
  Origin out;
  for (View scheme : {View("https"), View("http")})
    if (text.size() > scheme.size() && base::equal_ignoring_case(text.substr(0, scheme.size()), scheme) &&
        text.substr(scheme.size()).starts_with("://")) {
      out.scheme = scheme;
      auto authority = http::parse_authority(text.substr(scheme.size() + 3));
      if (!authority || authority->host.empty()) return std::nullopt;
      out.host = base::to_lower(authority->host);
      out.port = authority->has_port ? authority->port : scheme == "https" ? kHttps : kHttp;
      return out;
    }
  return std::nullopt;
}

std::string refuse_origin(const std::string& text) {
  return parse_origin(text) ? "" : "must be an origin such as https://app.example.com";
}

}  // namespace

void describe(config::Description<CsrfConfig>& d) {
  using namespace config;
  d.about("csrf",
          "Refuses with 403 what a page of another site makes a browser send, but for GET, HEAD and OPTIONS; "
          "WebSockets are refused too. Judges by Sec-Fetch-Site, and by Origin for browsers without it.");
  d.field("trust", &CsrfConfig::trust, "Origins of other sites whose pages may.", one_or_many, unique,
          each(config::check(refuse_origin)), example("https://app.example.com"));
  d.field("same_site", &CsrfConfig::same_site,
          "Pages of other hosts below the same registered domain may too.");
}

namespace {

using chain::Exchange;
using chain::Step;
using http::FieldId;

class Csrf final : public chain::Filter {
 public:
  explicit Csrf(const CsrfConfig& c) : same_site_(c.same_site) {
    for (const auto& text : c.trust)
      if (auto origin = parse_origin(text)) trust_.push_back(*origin);
  }

  base::Task<Step> on_request(Exchange& ex) const override {
    if (!acts(ex.request)) return Step::next;
    const auto& fields = ex.request.fields;
    const http::Field* origin = fields.find(FieldId::origin);
    const http::Field* site = fields.find("Sec-Fetch-Site");
    if (site) {
      if (site->value == "same-origin" || site->value == "none") return Step::next;
      if (site->value == "same-site" && same_site_) return Step::next;
    } else if (!origin) {
      return Step::next;
    }
    if (origin && (trusted(origin->value) || (!site && is_ours(ex, origin->value)))) return Step::next;
    return chain::reply(ex, base::Reason::forbidden, "the request was made by a page of another site");
  }

 private:
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
    auto origin = parse_origin(text);
    return origin && std::ranges::find(trust_, *origin) != trust_.end();
  }

  // On a listener without TLS nobody knows whether the browser came over TLS to a proxy before us.
  static bool is_ours(const Exchange& ex, View text) {
    auto origin = parse_origin(text);
    auto asked = http::parse_authority(ex.request.authority);
    if (!origin || !asked) return false;
    bool tls = ex.stream.connection().scheme() == "https";
    if (tls && origin->scheme != "https") return false;
    std::uint16_t usual = origin->scheme == "https" ? kHttps : kHttp;
    return base::equal_ignoring_case(origin->host, asked->host) &&
           origin->port == (asked->has_port ? asked->port : usual);
  }

  std::vector<Origin> trust_;
  bool same_site_;
};

const chain::FilterKind<Csrf, CsrfConfig> kKind{
    "csrf", chain::Stage::admit, "Refuses what pages of other sites make browsers send.", "{}"};

}  // namespace
}  // namespace sluice::filters
