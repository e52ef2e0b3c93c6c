// SPDX-License-Identifier: Apache-2.0
// The filter `security_headers`: what browsers are to be told by every site, for services that do not say it
// themselves, and the end of what tells attackers which software answers. What a service says stands, unless
// it is to be overwritten.
#include <algorithm>
#include <string>
#include <vector>

#include "gateway/chain/exchange.h"
#include "gateway/chain/registry.h"
#include "gateway/filters/hsts.h"

namespace sluice::filters {

enum class FramePolicy : std::uint8_t { same_origin, deny, off };

void describe(config::Enumeration<FramePolicy>& e) {
  e.about("frame_policy");
  e.value("same_origin", FramePolicy::same_origin, "Pages of the same origin.");
  e.value("deny", FramePolicy::deny, "Nobody.");
  e.value("off", FramePolicy::off, "Nothing is said: everybody.");
}

struct HstsOrOff : HstsConfig {
  bool off = false;
  bool operator==(const HstsOrOff&) const = default;
};

void describe(config::Description<HstsOrOff>& d) {
  d.about("security_headers_hsts", "Strict-Transport-Security, on listeners with `tls` only.");
  describe_hsts(d);
  d.word("off", "Not sent.", [](HstsOrOff& c) { c.off = true; });
}

struct SecurityHeadersConfig {
  HstsOrOff hsts;
  bool content_type_options = true;
  FramePolicy frames = FramePolicy::same_origin;
  std::string referrer_policy = "strict-origin-when-cross-origin";
  std::string permissions_policy = "camera=(), geolocation=(), microphone=()";
  std::vector<std::string> hide = {"Server", "X-Powered-By"};
  bool overwrite = false;
  bool operator==(const SecurityHeadersConfig&) const = default;
};

namespace {

using View = std::string_view;

constexpr View kOff = "off";

std::string refuse_referrer_policy(const std::string& text) {
  constexpr View kKnown[] = {kOff,
                             "no-referrer",
                             "no-referrer-when-downgrade",
                             "origin",
                             "origin-when-cross-origin",
                             "same-origin",
                             "strict-origin",
                             "strict-origin-when-cross-origin",
                             "unsafe-url"};
  if (std::ranges::find(kKnown, text) != std::end(kKnown)) return "";
  return "must be a referrer policy such as no-referrer or same-origin, or `off`";
}

std::string refuse_value(const std::string& text) {
  return !text.empty() && http::valid_field_value(text) ? "" : "must be the value of a field, or `off`";
}

std::string refuse_name(const std::string& text) {
  return http::valid_field_name(text) ? "" : "must be the name of a field";
}

}  // namespace

void describe(config::Description<SecurityHeadersConfig>& d) {
  using namespace config;
  using C = SecurityHeadersConfig;
  d.about(
      "security_headers",
      "Tells browsers to be careful, where the service does not tell them itself, and hides what answers.");
  d.field("hsts", &C::hsts, "To use TLS alone for this host; as the filter `hsts`.");
  d.field("content_type_options", &C::content_type_options,
          "Not to guess at types of content (X-Content-Type-Options: nosniff).");
  d.field("frames", &C::frames,
          "Who may show pages in a frame (X-Frame-Options, and frame-ancestors if the service has no "
          "Content-Security-Policy).");
  d.field("referrer_policy", &C::referrer_policy,
          "What other sites are told of the page one comes from, or `off`.",
          config::check(refuse_referrer_policy));
  d.field("permissions_policy", &C::permissions_policy, "What pages may not use, or `off`.",
          config::check(refuse_value));
  d.field("hide", &C::hide, "Response fields that are removed.", one_or_many, unique,
          each(config::check(refuse_name)));
  d.field("overwrite", &C::overwrite,
          "Says all this also where the service says something else. Its Content-Security-Policy stays.");
}

namespace {

const http::FieldName kContentSecurityPolicy("Content-Security-Policy");
const http::FieldName kFrameOptions("X-Frame-Options");

class SecurityHeaders final : public chain::Filter {
 public:
  explicit SecurityHeaders(const SecurityHeadersConfig& c)
      : frames_(c.frames), hidden_(c.hide), overwrite_(c.overwrite) {
    for (const std::string& name : hidden_) hide_.emplace_back(name);
    if (!c.hsts.off) hsts_ = c.hsts.field_value();
    auto says = [this](const char* name, std::string value) {
      says_.push_back({http::FieldName(name), std::move(value)});
    };
    if (c.content_type_options) says("X-Content-Type-Options", "nosniff");
    if (c.referrer_policy != kOff) says("Referrer-Policy", c.referrer_policy);
    if (c.permissions_policy != kOff) says("Permissions-Policy", c.permissions_policy);
  }

  base::Task<void> on_response(chain::Exchange& ex) const override {
    auto& fields = ex.response.fields;
    for (const auto& name : hide_) fields.remove(name);
    if (!hsts_.empty() && ex.stream.connection().scheme() == "https")
      say(fields, strict_transport_security_, hsts_);
    for (const auto& [name, value] : says_) say(fields, name, value);
    if (frames_ != FramePolicy::off) restrict_frames(fields);
    return {};
  }

 private:
  struct Line {
    http::FieldName name;
    std::string value;
  };

  void say(http::Fields& fields, const http::FieldName& name, View value) const {
    if (overwrite_) {
      fields.set(name, value);
    } else if (!fields.find(name)) {
      fields.add(name, value);
    }
  }
  // Browsers that know frame-ancestors take it for X-Frame-Options: it must not say more than the service.
  void restrict_frames(http::Fields& fields) const {
    if (!overwrite_ && fields.find(kFrameOptions)) return;
    bool deny = frames_ == FramePolicy::deny;
    fields.set(kFrameOptions, deny ? "DENY" : "SAMEORIGIN");
    if (!fields.find(kContentSecurityPolicy))
      fields.add(kContentSecurityPolicy, deny ? "frame-ancestors 'none'" : "frame-ancestors 'self'");
  }

  const http::FieldName strict_transport_security_{kStrictTransportSecurity};
  std::string hsts_;
  std::vector<Line> says_;
  FramePolicy frames_;
  const std::vector<std::string> hidden_;
  std::vector<http::FieldName> hide_;  // the same, looked up
  bool overwrite_;
};

const chain::FilterKind<SecurityHeaders, SecurityHeadersConfig> kSecurityHeaders{
    "security_headers", chain::Stage::shape, "Tells browsers to be careful, and hides what answers.",
    "{frames: deny}"};

}  // namespace
}  // namespace sluice::filters
