// SPDX-License-Identifier: Apache-2.0
// What a provider answers: to the authorization request, by way of the browser, and to the requests for
// tokens. Taken apart and judged here; nothing is asked here.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"
#include "gateway/base/result.h"
#include "gateway/jose/json.h"

namespace sluice::oidc {

// The parameters with which a browser comes back (RFC 6749 section 4.1.2, RFC 9207).
struct Callback {
  std::string state, code, error, error_description;
  std::optional<std::string> issuer;
};
// nullopt if one of them is there twice (RFC 6749 section 3.1) or holds control characters.
std::optional<Callback> read_callback(std::string_view query);

// Tokens (RFC 6749 section 5.1, OpenID Connect Core 1.0 section 3.1.3.3).
struct Tokens {
  std::string id_token, access_token, refresh_token, scope;  // "" for what there is not
  std::optional<std::chrono::seconds> expires_in;
};
// Of an answer with this status. The error is Reason::unauthenticated if the provider refuses the code or
// the refresh token itself, and auth_unavailable for everything else, which is nobody's login's fault. Its
// detail completes "the provider ...".
base::Result<Tokens> read_tokens(int status, std::string_view body);

// What the claims of an ID token must say beyond those of every token (OpenID Connect Core 1.0 section
// 3.1.3.7): that it is for this client (`azp`), and the nonce of the login. The error completes "the ID token
// ...".
base::Result<void> check_id_claims(const jose::Json& claims, std::string_view client, std::string_view nonce);
// Of one that came with a refresh (section 12.2): the same subject as before; a nonce need not be there.
base::Result<void> check_renewed_claims(const jose::Json& claims, std::string_view client,
                                        std::string_view subject);

// Whose sessions a provider ends (OpenID Connect Back-Channel Logout 1.0 section 2.4): `sid`, or all of
// `sub`.
struct LogoutOrder {
  std::string sid, sub;
};
// Of the claims of a logout token, beyond those of every token. The error completes "the logout token ...".
base::Result<LogoutOrder> read_logout(const jose::Json& claims);

}  // namespace sluice::oidc
