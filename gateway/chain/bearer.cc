// SPDX-License-Identifier: Apache-2.0
#include "gateway/chain/bearer.h"

#include "gateway/base/strings.h"
#include "gateway/chain/as_asked.h"
#include "gateway/chain/cookies.h"
#include "gateway/chain/escape.h"
#include "gateway/chain/field_texts.h"
#include "gateway/http/set_cookie.h"

namespace sluice::chain {
namespace {

using http::FieldId;

constexpr std::string_view kAuthorization = "Authorization", kScheme = "Bearer";

// Without the scheme; none if the value is of another one.
std::optional<std::string_view> bearer_of(std::string_view value) noexcept {
  if (value.size() < kScheme.size() || !base::equal_ignoring_case(value.substr(0, kScheme.size()), kScheme))
    return std::nullopt;
  value.remove_prefix(kScheme.size());
  if (!value.empty() && value.front() != ' ') return std::nullopt;
  return base::trim(value);
}

}  // namespace

void describe(config::Description<TokenPlaceConfig>& d) {
  using namespace config;
  d.about(
      "token_place",
      "Where requests carry the token. Only there is looked; a request with more than one token is refused.");
  d.field("header", &TokenPlaceConfig::header,
          "Field that holds the token: in Authorization behind the word Bearer, in any other alone. Default: "
          "Authorization, if neither a cookie nor a query parameter is named.",
          check(refuse_field), example("X-Access-Token"));
  d.field("cookie", &TokenPlaceConfig::cookie, "Cookie that holds it.",
          pattern(http::kTokenPattern, "the name of a cookie"), example("access_token"));
  d.field("query", &TokenPlaceConfig::query,
          "Query parameter that holds it. URLs are kept in many places; prefer a header.", non_empty,
          example("access_token"));
}

Bearer::Bearer(const TokenPlaceConfig& config, const std::string& realm, Builder& builder)
    : header_(config.header),
      cookie_(config.cookie),
      query_(config.query),
      absent_("Bearer realm=\"" + realm + "\""),
      invalid_request_(absent_ + ", error=\"invalid_request\""),
      invalid_token_(absent_ + ", error=\"invalid_token\""),
      insufficient_scope_(absent_ + ", error=\"insufficient_scope\"") {
  if (header_.empty() && cookie_.empty() && query_.empty()) header_ = kAuthorization;
  scheme_ = base::equal_ignoring_case(header_, kAuthorization);
  header_id_ = http::field_id(header_);
  if (!header_.empty()) builder.reads_credential(header_);
  if (!query_.empty()) builder.reads_credential_parameter(query_);
}

bool Bearer::is_ours(const http::Field& line) const noexcept {
  if (header_.empty() || line.dropped || line.id != header_id_) return false;
  return header_id_ != FieldId::other || base::equal_ignoring_case(line.name, header_);
}

Bearer::Found Bearer::find(Exchange& ex) const {
  Found found;
  auto add = [&found](std::string_view token, int count = 1) {
    if (found.count == 0) found.token = token;
    found.count += count;
  };
  for (const http::Field& line : ex.request.fields.lines()) {
    if (!is_ours(line)) continue;
    auto token = scheme_ ? bearer_of(line.value) : line.value;
    if (token) add(*token);
  }
  if (!cookie_.empty())
    if (auto cookie = find_cookie(ex.request.fields, cookie_); cookie.count > 0)
      add(cookie.value, cookie.count);
  if (!query_.empty()) {
    int before = found.count;
    each_parameter(ex.request.query, [&](std::string_view pair) {
      if (auto value = query_parameter(pair, query_)) add(*value);
    });
    if (found.count != before) hide_parameter(ex, query_);
  }
  return found;
}

void Bearer::remove(Exchange& ex) const {
  for (http::Field& line : ex.request.fields.lines())
    if (is_ours(line) && (!scheme_ || bearer_of(line.value))) line.dropped = true;
  if (!cookie_.empty()) remove_cookie(ex.request.fields, cookie_);
  if (query_.empty()) return;
  hide_parameter(ex, query_);
  take_parameter(ex, query_);
}

}  // namespace sluice::chain
