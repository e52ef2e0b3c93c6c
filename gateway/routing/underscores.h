// SPDX-License-Identifier: Apache-2.0
// Underscores: what becomes of header fields with `_` in their names. Servers of the CGI family cannot tell
// X_User from X-User, so that a client could write what looks to them like a field of the gateway's.
#pragma once
#include <cstdint>

#include "gateway/http/fields.h"

namespace sluice::routing {

enum class Underscores : std::uint8_t {
  keep,    // they pass; what is removed or set takes its lookalikes along
  drop,    // they are left out
  refuse,  // the request is answered 400
};

// Leaves out all fields whose names have one.
void drop_underscores(http::Fields& fields) noexcept;
// Is there such a field?
bool has_underscores(const http::Fields& fields) noexcept;

}  // namespace sluice::routing
