// SPDX-License-Identifier: Apache-2.0
#include "gateway/oidc/answers.h"

#include <algorithm>

#include "gateway/base/strings.h"
#include "gateway/chain/escape.h"
#include "gateway/jose/digest.h"

namespace sluice::oidc {
namespace {

using base::Reason;
using base::Result;
using jose::Json;
using jose::JsonKind;
using jose::JsonValue;

// Ten years: more is no time that anybody means.
constexpr double kLongest = 3.2e8;
// Of what a provider says about itself, as much as belongs in a log.
constexpr std::size_t kMostOfAText = 200;

bool visible(std::string_view text) { return std::none_of(text.begin(), text.end(), base::is_control); }

std::string text_of(const Json& json, std::string_view name) {
  const JsonValue* v = json.find(name);
  return v && v->is(JsonKind::string) ? std::string(v->text) : std::string();
}

base::Unexpected unavailable(std::string why) { return base::fail(Reason::auth_unavailable, std::move(why)); }

// RFC 6749 section 5.2. Only `invalid_grant` is about the code or the refresh token; the others are about
// this client or the request, which no user can do anything about.
base::Unexpected refused(int status, const Result<Json>& json) {
  std::string error = json ? text_of(*json, "error") : std::string();
  std::string why = "answers with status " + std::to_string(status);
  if (error.empty()) return unavailable(std::move(why));
  why = "refuses with `" + error.substr(0, kMostOfAText) + "`";
  if (auto more = text_of(*json, "error_description"); !more.empty())
    why += ": " + more.substr(0, kMostOfAText);
  return error == "invalid_grant" ? base::fail(Reason::unauthenticated, std::move(why))
                                  : unavailable(std::move(why));
}

Result<void> check_client(const Json& claims, std::string_view client) {
  const JsonValue* azp = claims.find("azp");
  if (azp && azp->text != client)
    return base::fail(Reason::unauthenticated, "was made for another client (`azp`)");
  const JsonValue* aud = claims.find("aud");
  bool several = aud && aud->is(JsonKind::array) && claims.first(*aud) && claims.next(*claims.first(*aud));
  if (several && !azp) return base::fail(Reason::unauthenticated, "is for several and does not say for whom");
  const JsonValue* sub = claims.find("sub");
  if (!sub || !sub->is(JsonKind::string) || sub->text.empty())
    return base::fail(Reason::unauthenticated, "does not say whose it is (`sub`)");
  return {};
}

}  // namespace

std::optional<Callback> read_callback(std::string_view query) {
  Callback out;
  bool good = true;
  std::optional<std::string> state, code, error, description;
  auto take = [&](std::string_view name, std::string_view value, const char* wanted,
                  std::optional<std::string>& into) {
    if (name != wanted) return;
    good = good && !into;
    into = chain::decoded(value);
    good = good && visible(*into);
  };
  chain::each_parameter(query, [&](std::string_view pair) {
    std::size_t equals = std::min(pair.find('='), pair.size());
    std::string name = chain::decoded(pair.substr(0, equals));
    std::string_view value = pair.substr(std::min(equals + 1, pair.size()));
    take(name, value, "state", state);
    take(name, value, "code", code);
    take(name, value, "error", error);
    take(name, value, "error_description", description);
    take(name, value, "iss", out.issuer);
  });
  if (!good) return std::nullopt;
  out.state = state.value_or("");
  out.code = code.value_or("");
  out.error = error.value_or("");
  out.error_description = description.value_or("").substr(0, kMostOfAText);
  return out;
}

Result<Tokens> read_tokens(int status, std::string_view body) {
  auto json = Json::parse(body);
  if (json && !json->root().is(JsonKind::object)) return unavailable("answers with JSON that is no object");
  if (status != 200) return refused(status, json);
  if (!json) return unavailable("answers with what is no JSON: " + json.error().detail);
  Tokens out{text_of(*json, "id_token"), text_of(*json, "access_token"), text_of(*json, "refresh_token"),
             text_of(*json, "scope"), std::nullopt};
  if (out.access_token.empty()) return unavailable("answers without an access token");
  for (char c : out.access_token)
    if (c < 0x21 || c == 0x7F) return unavailable("answers with an access token that no field can hold");
  if (const JsonValue* v = json->find("expires_in")) {
    // Some write it as a text.
    auto seconds = v->is(JsonKind::string) ? std::optional<double>() : v->number();
    if (v->is(JsonKind::string) && !v->text.empty() && v->text.size() < 10 &&
        std::all_of(v->text.begin(), v->text.end(), [](char c) { return c >= '0' && c <= '9'; }))
      seconds = std::stod(std::string(v->text));
    if (!seconds || *seconds < 0) return unavailable("answers with an `expires_in` that is no time");
    out.expires_in = std::chrono::seconds(static_cast<std::int64_t>(std::min(*seconds, kLongest)));
  }
  return out;
}

Result<void> check_id_claims(const Json& claims, std::string_view client, std::string_view nonce) {
  const JsonValue* said = claims.find("nonce");
  if (!said || !said->is(JsonKind::string) || !jose::equal_in_constant_time(said->text, nonce))
    return base::fail(Reason::unauthenticated, "was made for another login (`nonce`)");
  return check_client(claims, client);
}

Result<void> check_renewed_claims(const Json& claims, std::string_view client, std::string_view subject) {
  const JsonValue* sub = claims.find("sub");
  if (!sub || sub->text != subject)
    return base::fail(Reason::unauthenticated, "is of another subject than before (`sub`)");
  return check_client(claims, client);
}

Result<LogoutOrder> read_logout(const Json& claims) {
  auto refuse = [](std::string why) { return base::fail(Reason::unauthenticated, std::move(why)); };
  const JsonValue* events = claims.find("events");
  const JsonValue* event =
      events ? claims.find(*events, "http://schemas.openid.net/event/backchannel-logout") : nullptr;
  if (!event || !event->is(JsonKind::object)) return refuse("is none (`events`)");
  // So that no ID token is taken for one.
  if (claims.find("nonce")) return refuse("has a `nonce`");
  LogoutOrder out{text_of(claims, "sid"), text_of(claims, "sub")};
  if (out.sid.empty() && out.sub.empty()) return refuse("does not say whose session ends");
  return out;
}

}  // namespace sluice::oidc
