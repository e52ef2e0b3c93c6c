// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/token.h"

#include <algorithm>
#include <optional>

#include "gateway/base/base64.h"
#include "gateway/base/strings.h"

namespace sluice::jose {

using base::Result;
using base::WallTime;

namespace {

// Keys that are tried for a token that does not say which one it means.
constexpr int kMaxTries = 8;
base::Unexpected refuse_token(std::string why) {
  return base::fail(base::Reason::unauthenticated, std::move(why));
}

// An optional member that must be a text.
Result<std::string_view> text_member(const Json& json, std::string_view name) {
  const JsonValue* v = json.find(name);
  if (!v) return std::string_view();
  if (!v->is(JsonKind::string)) return refuse_token("has a `" + std::string(name) + "` that is no text");
  return v->text;
}

std::string_view without_application(std::string_view type) noexcept {
  constexpr std::string_view kPrefix = "application/";
  if (base::equal_ignoring_case(type.substr(0, kPrefix.size()), kPrefix)) type.remove_prefix(kPrefix.size());
  return type;
}

Result<void> read_header(Token& token, std::string_view encoded) {
  if (encoded.size() > Token::kMaxHeader) return refuse_token("has too large a header");
  auto decoded = base::decode_base64url(encoded);
  if (!decoded) return refuse_token("has a header that is not base64url");
  auto json = Json::parse(*decoded, {4, 256, 64});
  if (!json || !json->root().is(JsonKind::object)) return refuse_token("has a header that is no JSON object");
  token.header = std::move(*json);
  auto named = text_member(token.header, "alg");
  if (!named) return std::move(named).unexpected();
  auto known = algorithm(*named);
  if (!known) return refuse_token("is not signed by an algorithm that is known here");
  token.algorithm = *known;
  // Extensions that must be understood (RFC 7515 section 4.1.11): none is.
  if (token.header.find("crit")) return refuse_token("has extensions in `crit` that are not known here");
  auto id = text_member(token.header, "kid");
  if (!id) return std::move(id).unexpected();
  if (id->size() > Token::kMaxKeyId) return refuse_token("has too long a `kid`");
  auto type = text_member(token.header, "typ");
  if (!type) return std::move(type).unexpected();
  token.key_id = *id;
  token.type = without_application(*type);
  return {};
}

// A NumericDate; nullopt if the claim is missing.
Result<std::optional<double>> date(const Json& claims, std::string_view name) {
  const JsonValue* v = claims.find(name);
  if (!v) return std::optional<double>();
  auto seconds = v->number();
  if (!seconds || *seconds < 0 || *seconds > kLatestTime)
    return refuse_token("has a claim `" + std::string(name) + "` that is no time");
  return seconds;
}

}  // namespace

Result<Token> parse_token(std::string_view text) {
  if (text.size() > Token::kMaxSize) return refuse_token("is too large");
  const auto first = text.find('.'), last = first == text.npos ? text.npos : text.find('.', first + 1);
  if (last == text.npos || text.find('.', last + 1) != text.npos) {
    bool encrypted = std::count(text.begin(), text.end(), '.') == 4;
    return refuse_token(encrypted ? "is encrypted, which is not supported" : "is no JSON Web Token");
  }
  Token token;
  token.signed_by = text.substr(0, last);
  token.payload = text.substr(first + 1, last - first - 1);
  if (auto read = read_header(token, text.substr(0, first)); !read) return std::move(read).unexpected();
  auto signature = base::decode_base64url(text.substr(last + 1));
  if (!signature || signature->empty()) return refuse_token("has no signature in base64url");
  token.signature = std::move(*signature);
  return token;
}

Signature check_signature(const Token& token, const KeySet& keys) noexcept {
  int tried = 0;
  bool named = false;
  for (const Jwk& key : keys.keys()) {
    bool meant = token.key_id.empty() || key.id.empty() || key.id == token.key_id;
    if (!meant || !key.takes(token.algorithm)) continue;
    if (checks(key.key, token.algorithm, token.signed_by, token.signature)) return Signature::good;
    named |= !key.id.empty() && key.id == token.key_id;
    if (++tried == kMaxTries) break;
  }
  if (tried == 0) return Signature::no_key;
  return named ? Signature::bad : Signature::unnamed;
}

Result<Json> parse_claims(const Token& token) {
  auto decoded = base::decode_base64url(token.payload);
  if (!decoded) return refuse_token("has claims that are not base64url");
  auto json = Json::parse(*decoded);
  if (!json || !json->root().is(JsonKind::object)) return refuse_token("has claims that are no JSON object");
  return json;
}

Result<void> check_type(const Token& token, const ClaimRules& rules) {
  bool good = token.type.empty() || std::any_of(rules.types.begin(), rules.types.end(), [&](const auto& t) {
                return base::equal_ignoring_case(t, token.type);
              });
  if (!good) return refuse_token("is of a type (`typ`) that is not taken here");
  return {};
}

Result<void> check_claims(const Json& claims, const ClaimRules& rules, WallTime now) {
  const JsonValue* issuer = claims.find("iss");
  if (!issuer || !issuer->is(JsonKind::string) || issuer->text != rules.issuer)
    return refuse_token("is not from this issuer (`iss`)");
  if (!rules.audiences.empty() && !names_audience(claims, rules.audiences))
    return refuse_token("is not meant for this audience (`aud`)");
  auto seconds = std::chrono::duration<double>(now.time_since_epoch()).count();
  auto leeway = static_cast<double>(rules.leeway.count());
  auto expires = date(claims, "exp");
  if (!expires) return std::move(expires).unexpected();
  if (!*expires) return refuse_token("does not say when it expires (`exp`)");
  if (seconds >= **expires + leeway) return refuse_token("has expired");
  for (std::string_view name : {"nbf", "iat"}) {
    auto begins = date(claims, name);
    if (!begins) return std::move(begins).unexpected();
    if (*begins && seconds + leeway < **begins)
      return refuse_token("is not good yet (`" + std::string(name) + "`)");
  }
  return {};
}

bool names_audience(const Json& claims, const std::vector<std::string>& wanted) {
  const JsonValue* value = claims.find("aud");
  auto is_wanted = [&](const JsonValue& v) {
    return v.is(JsonKind::string) && std::find(wanted.begin(), wanted.end(), v.text) != wanted.end();
  };
  if (!value) return false;
  if (!value->is(JsonKind::array)) return is_wanted(*value);
  for (const JsonValue* v = claims.first(*value); v; v = claims.next(*v))
    if (is_wanted(*v)) return true;
  return false;
}

WallTime time_claim(const Json& claims, std::string_view name) noexcept {
  const JsonValue* v = claims.find(name);
  auto seconds = v ? v->number() : std::nullopt;
  if (!seconds || *seconds < 0 || *seconds > kLatestTime) return WallTime{};
  return WallTime(std::chrono::seconds(static_cast<long>(*seconds)));
}

WallTime expiry(const Json& claims) noexcept { return time_claim(claims, "exp"); }
WallTime beginning(const Json& claims) noexcept {
  return std::max(time_claim(claims, "nbf"), time_claim(claims, "iat"));
}

}  // namespace sluice::jose
