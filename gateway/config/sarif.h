// SPDX-License-Identifier: Apache-2.0
// Diagnostics as SARIF 2.1.0 (OASIS), which code hosts show beside the lines that they are about.
#pragma once
#include <span>
#include <string>
#include <string_view>

#include "gateway/config/diagnostic.h"

namespace sluice::config {

// One run over all files. `version` of the program.
std::string sarif(std::span<const Diagnostics* const> all, std::string_view version);

}  // namespace sluice::config
