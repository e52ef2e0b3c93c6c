// SPDX-License-Identifier: Apache-2.0
// Removal of what concerns one connection only (RFC 9110 section 7.6.1): Connection and every field that it
// names, Keep-Alive, Proxy-Connection, Proxy-Authenticate, Proxy-Authorization, TE, Transfer-Encoding,
// Upgrade, HTTP2-Settings. Called on each received head, in both directions, before any filter sees it, so
// that a peer cannot have a field removed that the gateway adds. Content-Length and Trailer stay: the first
// is framing that the writer's caller decides about, the second belongs to the message.
#pragma once
#include <string_view>

#include "gateway/http/fields.h"

namespace sluice::http {

// Marks the lines as dropped. The views in `fields` stay valid.
void drop_hop_by_hop(Fields& fields) noexcept;

// Is this a field that only the gateway's connections may set (all of the above, Content-Length, Host,
// Trailer)? Filters that edit fields by name refuse these in their configuration.
bool connection_level(FieldId id) noexcept;

}  // namespace sluice::http
