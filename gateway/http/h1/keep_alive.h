// SPDX-License-Identifier: Apache-2.0
// The Keep-Alive field: how long a server says that it keeps an idle connection. RFC 2068 section 19.7.1.1
// had it, later ones only mention it; servers send it all the same (Node.js, Apache httpd: "timeout=5,
// max=100").
#pragma once
#include <optional>
#include <string_view>

#include "gateway/base/clock.h"

namespace sluice::http::h1 {

// The announced time; none if the field says nothing that can be understood.
std::optional<base::Duration> keep_alive_timeout(std::string_view field) noexcept;

}  // namespace sluice::http::h1
