// SPDX-License-Identifier: Apache-2.0
#include "gateway/jose/provider_metadata.h"

#include "gateway/jose/json.h"

namespace sluice::jose {

base::Result<ProviderMetadata> parse_provider_metadata(std::string_view text, std::string_view issuer) {
  auto refuse = [](std::string why) { return base::fail(base::Reason::internal, std::move(why)); };
  auto json = Json::parse(text);
  if (!json) return refuse("is not JSON: " + json.error().detail);
  const auto* named = json->find("issuer");
  if (!named || named->text != issuer) return refuse("is of another issuer than " + std::string(issuer));
  auto text_of = [&](std::string_view name) {
    const JsonValue* v = json->find(name);
    return v && v->is(JsonKind::string) ? std::string(v->text) : std::string();
  };
  const auto* tells = json->find("authorization_response_iss_parameter_supported");
  return ProviderMetadata{text_of("jwks_uri"), text_of("authorization_endpoint"), text_of("token_endpoint"),
                          text_of("end_session_endpoint"), tells && tells->text == "true"};
}

}  // namespace sluice::jose
