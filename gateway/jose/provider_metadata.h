// SPDX-License-Identifier: Apache-2.0
// ProviderMetadata: what an issuer says of itself in its discovery document (OpenID Connect Discovery 1.0
// section 3, RFC 8414), as far as anybody here asks: where its keys are and, for logins, its endpoints.
#pragma once
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sluice::jose {

struct ProviderMetadata {
  std::string jwks_uri, authorization_endpoint, token_endpoint, end_session_endpoint;  // "" if it has none
  bool tells_issuer = false;  // answers to the authorization request name the issuer (RFC 9207)
  bool operator==(const ProviderMetadata&) const = default;
};

// The issuer in it must be the one asked about, to the byte (section 4.3). The error completes "the document
// ...".
base::Result<ProviderMetadata> parse_provider_metadata(std::string_view text, std::string_view issuer);

}  // namespace sluice::jose
