// SPDX-License-Identifier: Apache-2.0
// Upgrade (RFC 9110 section 7.8): which protocol a request asks to switch to, and whether an answer switches
// to it. Used by the connections on both sides; what happens after the switch is a tunnel of plain bodies.
#pragma once
#include <string_view>

#include "gateway/http/head.h"

namespace sluice::http {

// The protocol of a request that says `Connection: upgrade` and has an Upgrade field, spelled as received; ""
// when the wish is to be ignored and the request is a plain one, as section 7.8 always allows. Ignored are:
//   more than one protocol, or no valid one: nobody could say which of them an answer means
//   requests with a body: until it has been read the client's bytes would be read in two ways
//   HEAD, CONNECT and TRACE
//   versions of HTTP and TLS (h2c, HTTP/2.0, TLS/1.0): requests inside would evade routes and filters
std::string_view asked_protocol(const RequestHead& head, const Framing& framing) noexcept;

// Protocols are compared without regard to case.
bool same_protocol(std::string_view a, std::string_view b) noexcept;
// What a 101 response switches to, "" if it does not name exactly one protocol. Before its hop-by-hop fields
// are removed.
std::string_view switched_protocol(const Fields& fields) noexcept;

}  // namespace sluice::http
