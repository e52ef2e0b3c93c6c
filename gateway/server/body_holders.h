// SPDX-License-Identifier: Apache-2.0
// body_holders: who keeps bodies in memory, and how much of them, for `sluice check --verbose`.
#pragma once
#include <string>
#include <vector>

#include "gateway/server/reports.h"

namespace sluice::server {

// A line for each use of a filter and each handler that does: where its settings stand, where it is used,
// what it is, whose bodies it keeps, and how many bytes of one. In the order in which requests meet them.
std::vector<std::string> body_holders(const InForce& in_force);

}  // namespace sluice::server
