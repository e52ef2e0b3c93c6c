// SPDX-License-Identifier: Apache-2.0
// Who may ask the admin server for what. Without a token only this machine can reach it (admin_config.h), and
// then it is browsers that must be kept out: a page from elsewhere may make its own name resolve to this
// machine, and may send requests that the person in front of the browser knows nothing of. With a token that
// alone decides.
#pragma once
#include <optional>
#include <string>

#include "gateway/admin/reply.h"

namespace sluice::admin {

struct Access {
  bool any_host = false;  // no browser can reach the socket
  std::string token;      // "" for none
};

// Is it for supervisors, which have no token?
bool health_page(std::string_view path) noexcept;
bool changes_something(std::string_view method) noexcept;

// application/json: no form of a browser can send that, and no script without asking first, to which nobody
// answers here. Demanded of whatever changes something.
bool says_json(std::string_view content_type);

// The answer to a request that may not be served; none if it may. Needs no body.
std::optional<Reply> refusal(const PageRequest& request, const Access& access);

}  // namespace sluice::admin
