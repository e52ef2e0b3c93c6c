// SPDX-License-Identifier: Apache-2.0
// Answers that send a client to another URL before any route has its turn.
#pragma once
#include "gateway/chain/exchange.h"
#include "gateway/routing/decide.h"

namespace sluice::front {

// To the same URL with https at the listener's https_port; 400 for a request that names no host.
void redirect_to_https(chain::Exchange& ex);
// May a route have this path where all others are sent to https? An authority that is to make the certificate
// asks there for a token, without TLS as long as there is none (RFC 8555 section 8.3).
bool is_acme_challenge(std::string_view path) noexcept;
// Was the route of such a request written for challenges? Others that take the path too count on TLS, and on
// the filters of their listener.
bool is_about_challenges(const routing::Plan& plan, std::string_view path) noexcept;
// 308 to the path with the other ending: with a slash, or without it.
void redirect_to_other_ending(chain::Exchange& ex);

}  // namespace sluice::front
