// SPDX-License-Identifier: Apache-2.0
// Conditions on the head of a request beside host, path and method. Made by the configuration of matches.
#pragma once
#include <memory>
#include <string>

#include "gateway/routing/match.h"
#include "gateway/routing/value_rule.h"

namespace sluice::routing {

// On the value of a header field; of several lines of that name on their values joined by ", " (RFC 9110
// section 5.3), so that nobody can show the gateway one line and the service another. `Upgrade`, which
// belongs to the connection, is what the client asks to switch to.
std::shared_ptr<const Condition> header_condition(std::string name, ValueRule rule);
// On the first query parameter of that name, decoded.
std::shared_ptr<const Condition> query_condition(std::string name, ValueRule rule);
// On the first cookie of that name. Counts as a header condition.
std::shared_ptr<const Condition> cookie_condition(std::string name, ValueRule rule);

}  // namespace sluice::routing
