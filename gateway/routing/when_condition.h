// SPDX-License-Identifier: Apache-2.0
// WhenCondition: an expression (gateway/expression) as a condition of a match, with the names that texts and
// conditions of filters have, as far as they stand for the request and its connection. Who calls is not known
// while a route is chosen. Does not rank the match.
#pragma once
#include <memory>
#include <string_view>
#include <variant>

#include "gateway/expression/expression.h"
#include "gateway/routing/match.h"

namespace sluice::routing {

std::variant<std::shared_ptr<const Condition>, expression::Fault> when_condition(std::string_view text);

}  // namespace sluice::routing
