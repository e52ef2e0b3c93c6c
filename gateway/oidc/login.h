// SPDX-License-Identifier: Apache-2.0
// Login: one attempt to log in, from the redirect to the provider until its answer comes back. What must be
// remembered meanwhile is in a cookie of the browser that began, one for each attempt, so that logins in
// several tabs do not disturb one another and no answer counts in another browser (RFC 6749 section 10.12).
#pragma once
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>

#include "gateway/base/clock.h"

namespace sluice::oidc {

struct Login {
  std::string state, nonce, verifier;  // random
  std::string redirect_uri;            // as the provider was told: it wants to hear the same again
  std::string back;                    // path and query to go to afterwards
  base::WallTime begun{};
  bool operator==(const Login&) const = default;

  // By which its cookie is found among those of other attempts; part of the state.
  std::string_view id() const noexcept { return id_of(state); }
  static std::string_view id_of(std::string_view state) noexcept { return state.substr(0, 8); }
};

Login begin_login(std::string redirect_uri, std::string back, base::WallTime now);

std::string pack(const Login& login);
// nullopt for what pack() did not make.
std::optional<Login> unpack_login(std::string_view bytes);

// BASE64URL(SHA256(verifier)), RFC 7636 section 4.2.
std::string challenge_of(std::string_view verifier);

// `url` with these parameters, encoded, behind those that it has.
using Parameters = std::span<const std::pair<std::string_view, std::string_view>>;
std::string with_parameters(std::string_view url, Parameters parameters);
// The same as the body of a form; without those whose value is empty.
std::string form_of(Parameters parameters);

// Where a browser may be sent back to: a path on this host, with its query. Whatever a browser might take
// for the name of another host, and what is too long to be remembered, gives way to "/".
std::string_view safe_way_back(std::string_view path_and_query) noexcept;

}  // namespace sluice::oidc
