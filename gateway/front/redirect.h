// SPDX-License-Identifier: Apache-2.0
// Answers that send a client to another URL before any route has its turn.
#pragma once
#include "gateway/chain/exchange.h"
#include "gateway/routing/decide.h"

namespace sluice::front {

// The same URL with https, at the listener's https_port; "" for a request that names no host.
std::string_view https_location(const http::RequestHead& request, const http::ListenerFacts& listener,
                                base::Arena& arena);
inline constexpr std::string_view kNoHost = "the request names no host to redirect to";
// Of the answer that sends a client there.
int https_status(const http::RequestHead& request, const http::ListenerFacts& listener) noexcept;
// The answer itself; 400 for a request that names no host.
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
