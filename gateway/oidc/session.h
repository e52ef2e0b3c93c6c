// SPDX-License-Identifier: Apache-2.0
// Session: what is kept of a login, in the caller's browser and nowhere else: the provider's tokens and the
// times that say for how long. Read and written as bytes, which a Sealer hides.
#pragma once
#include <optional>
#include <string>
#include <string_view>

#include "gateway/base/clock.h"

namespace sluice::oidc {

struct Session {
  std::string id_token;       // that its provider signed it was found out when the session began
  std::string access_token;   // "" if nobody passes it on
  std::string refresh_token;  // "" if there is none
  std::string scope;          // what was granted, "" if the provider did not say
  base::WallTime started{};   // of the login
  base::WallTime used{};      // of the last request, not to the second
  base::WallTime expires{};   // of the access token; the epoch if that is not known
  base::WallTime renews{};    // when to fetch a new one
  bool operator==(const Session&) const = default;
};

std::string pack(const Session& session);
// nullopt for what pack() did not make.
std::optional<Session> unpack_session(std::string_view bytes);

struct SessionTimes {
  base::Duration idle, absolute;
};
// When nobody uses the session any more: the moment from which it is over.
base::WallTime end_of(const Session& session, const SessionTimes& times) noexcept;

// The claims of its ID token as JSON, with the scope that was granted as `scope` unless they have one.
// nullopt if the token is none.
std::optional<std::string> claims_of(const Session& session);

}  // namespace sluice::oidc
