// SPDX-License-Identifier: Apache-2.0
// Is a request one that a person makes by opening a page, who can be sent elsewhere to log in? For everything
// else, a redirect to another host's page would be an answer that no program understands.
#pragma once
#include "gateway/http/head.h"

namespace sluice::oidc {

// GET or HEAD, no upgrade, not by a script (Sec-Fetch-Mode, X-Requested-With), and HTML is welcome.
bool opens_page(const http::RequestHead& request) noexcept;

}  // namespace sluice::oidc
