// SPDX-License-Identifier: Apache-2.0
// The filter `api_key`: tells the caller by a key in a header field, a query parameter or a cookie. Keys are
// known by their digests alone, so neither the configuration nor the time of a comparison gives one away. The
// key goes no further: not to the upstream, and not into the access log.
#include <string>

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/authenticator.h"
#include "gateway/chain/consumer.h"
#include "gateway/chain/cookies.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/field_texts.h"
#include "gateway/chain/registry.h"
#include "gateway/http/set_cookie.h"
#include "gateway/jose/digest.h"

namespace sluice::filters {

struct ApiKeyFilterConfig {
  std::string header, scheme, query, cookie;
  std::string realm = "sluice";
  bool keep = false;
  bool operator==(const ApiKeyFilterConfig&) const = default;
};

void describe(config::Description<ApiKeyFilterConfig>& d) {
  using namespace config;
  d.about("api_key",
          "Tells the caller by its key, one of those that `consumers` lists. A request with more than one is "
          "refused.");
  d.field("header", &ApiKeyFilterConfig::header, "Field of the request that holds the key.",
          check(chain::refuse_field), example("X-Api-Key"));
  d.field("scheme", &ApiKeyFilterConfig::scheme,
          "The word before the key in that field; a field without it is not looked at.",
          pattern(http::kTokenPattern, "a word such as Bearer"), example("Bearer"));
  d.field("query", &ApiKeyFilterConfig::query,
          "Query parameter that holds the key. URLs are kept in many places; prefer a header.", non_empty,
          example("api_key"));
  d.field("cookie", &ApiKeyFilterConfig::cookie, "Cookie that holds the key.",
          pattern(http::kTokenPattern, "the name of a cookie"), example("key"));
  d.field("realm", &ApiKeyFilterConfig::realm, "What the caller is told it needs a key for, in a 401.",
          pattern("[ !#-\\[\\]-~]*", "visible ASCII characters without quotes and backslashes"));
  d.field("keep", &ApiKeyFilterConfig::keep, "Lets the upstream see the key.");
  d.at_least_one({"header", "query", "cookie"});
  d.check([](const ApiKeyFilterConfig& c, const Site& at) {
    if (!c.scheme.empty() && c.header.empty()) at.error("scheme", "needs a header that it stands in");
  });
}

namespace {

using chain::Exchange;
using chain::Verdict;

// Longer than anybody's key; digests are not made of megabytes.
constexpr std::size_t kLongestKey = 1024;

// What of a request may be a key.
struct Found {
  std::string_view key;
  int count = 0;

  void add(std::string_view value) noexcept {
    if (count++ == 0) key = value;
  }
};

class ApiKeyFilter final : public chain::Authenticator {
 public:
  ApiKeyFilter(const ApiKeyFilterConfig& c, chain::Builder& builder)
      : Authenticator("api_key", builder),
        config_(c),
        header_id_(http::field_id(c.header)),
        challenge_("ApiKey realm=\"" + c.realm + "\"") {
    if (!c.header.empty()) builder.reads_credential(c.header);
    if (!c.query.empty()) builder.reads_credential_parameter(c.query);
  }

  base::Task<Verdict> authenticate(Exchange& ex) const override {
    Found found;
    if (!config_.header.empty()) look_in_header(ex, found);
    if (!config_.query.empty()) look_in_query(ex, found);
    if (!config_.cookie.empty()) look_in_cookies(ex, found);
    if (found.count == 0) return Verdict::absent(challenge_, "an API key is needed");
    if (found.count > 1) return Verdict::refused(challenge_, "the request has more than one API key");
    const chain::Credential* credential = nullptr;
    if (ex.consumers && !found.key.empty() && found.key.size() <= kLongestKey)
      credential = ex.consumers->find_api_key(jose::sha256(found.key));
    if (!credential) return Verdict::refused(challenge_, "nobody has this API key");
    if (credential->expired(ex.worker.loop.clock()))
      return Verdict::refused(challenge_, "the API key has expired");
    ex.identity = chain::identity_of(*credential, method());
    return Verdict::ok();
  }

  void hide(Exchange& ex) const override {
    if (!config_.query.empty()) chain::hide_parameter(ex, config_.query);
    if (config_.keep) return;
    if (!config_.header.empty()) {
      if (config_.scheme.empty()) {
        ex.request.fields.remove(config_.header);
      } else {
        for (http::Field& line : ex.request.fields.lines())
          if (is_ours(line) && key_of(line)) line.dropped = true;
      }
    }
    if (!config_.query.empty()) chain::take_parameter(ex, config_.query);
    if (!config_.cookie.empty()) chain::remove_cookie(ex.request.fields, config_.cookie);
  }

 private:
  bool is_ours(const http::Field& line) const noexcept {
    if (line.dropped || line.id != header_id_) return false;
    return header_id_ != http::FieldId::other || base::equal_ignoring_case(line.name, config_.header);
  }
  // Without the scheme; none if the line is of another one.
  std::optional<std::string_view> key_of(const http::Field& line) const noexcept {
    std::string_view value = line.value;
    const std::string& scheme = config_.scheme;
    if (scheme.empty()) return value;
    bool ours = value.size() > scheme.size() && value[scheme.size()] == ' ' &&
                base::equal_ignoring_case(value.substr(0, scheme.size()), scheme);
    if (!ours) return std::nullopt;
    return base::trim(value.substr(scheme.size()));
  }
  void look_in_header(const Exchange& ex, Found& found) const noexcept {
    for (const http::Field& line : ex.request.fields.lines())
      if (is_ours(line))
        if (auto key = key_of(line)) found.add(*key);
  }
  void look_in_cookies(const Exchange& ex, Found& found) const noexcept {
    auto cookie = chain::find_cookie(ex.request.fields, config_.cookie);
    if (cookie.count > 0) found.add(cookie.value);
    if (cookie.count > 1) ++found.count;
  }
  void look_in_query(Exchange& ex, Found& found) const {
    chain::each_parameter(ex.request.query, [&](std::string_view pair) {
      auto value = chain::query_parameter(pair, config_.query);
      if (value) found.add(chain::decoded(*value, true, ex.arena));
    });
    if (found.count > 0) chain::hide_parameter(ex, config_.query);
  }

  ApiKeyFilterConfig config_;
  http::FieldId header_id_;
  std::string challenge_;
};

const chain::FilterKind<ApiKeyFilter, ApiKeyFilterConfig> kApiKey{
    "api_key", chain::Stage::identify, "Tells the caller by an API key.", "{header: X-Api-Key}"};

}  // namespace
}  // namespace sluice::filters
