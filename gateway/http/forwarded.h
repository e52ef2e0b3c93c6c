// SPDX-License-Identifier: Apache-2.0
// Forwarded: what proxies in front of the gateway tell of a client, and what the gateway tells its targets:
// X-Forwarded-For, -Host and -Proto, or Forwarded (RFC 7239). A proxy is believed only if it is listed, and
// only in the fields that it is known to write: of the others nobody knows who wrote them. Used by front/ for
// what comes and by whoever forwards for what goes. No state.
#pragma once
#include <cstdint>
#include <span>
#include <string_view>
#include <vector>

#include "gateway/base/arena.h"
#include "gateway/http/fields.h"
#include "gateway/net/address.h"
#include "gateway/net/cidr.h"

namespace sluice::http {

struct ConnectionFacts;

// Whose word a listener takes.
struct TrustedProxies {
  std::vector<net::Cidr> from;  // nobody's if empty
  bool rfc7239 = false;         // they write Forwarded, else X-Forwarded-*
};

// What a trusted proxy told with one request. In the exchange's arena.
struct Forwarded {
  net::Address client;      // the right-most address of the chain that is no trusted proxy's
  net::Address proxy;       // who told: the peer of the connection
  std::string_view scheme;  // of the client's request, "http" or "https"; "" if that was not told
  std::string_view host;    // with port, an authority; "" if that was not told
  std::string_view chain;   // as it came, its lines joined; "" if there was none, or none that can be read
  std::span<const net::Address> hops;  // its end: the client and the trusted proxies behind it
  bool rfc7239 = false;                // the form of `chain`
};

// Null if `peer` is not trusted. A chain whose trusted end cannot be read counts as none: the peer itself is
// the client then. What stands left of the client is never looked at, as anybody may have written it.
const Forwarded* read_forwarded(const Fields& fields, const net::Address& peer, const TrustedProxies& trusted,
                                base::Arena& arena);

// What targets are told of a client, and how.
enum class Telling : std::uint8_t { x_forwarded, rfc7239, both, off };

// The fields that say it, which nothing else may say.
FieldSet told_in(Telling telling) noexcept;

// Complete field lines. `authority`: what the client asked for, "" if that is not known. The chain of a
// trusted proxy is continued; of one in the other form, as far as it is trusted.
std::string_view forwarded_lines(Telling telling, const ConnectionFacts& client, std::string_view client_ip,
                                 std::string_view authority, base::Arena& arena);

}  // namespace sluice::http
