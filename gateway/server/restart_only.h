// SPDX-License-Identifier: Apache-2.0
// What a reload cannot change: the values in force stay, so that nothing tells of others, and whoever wrote
// other ones is told at each reload. Pure.
#pragma once
#include <string>
#include <vector>

#include "gateway/server/config.h"

namespace sluice::server {

// Puts the values in force in the place of those of `fresh`. Names the settings whose values differ.
std::vector<std::string> keep_until_restart(Config& fresh, const Config& in_force);

}  // namespace sluice::server
