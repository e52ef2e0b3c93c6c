// SPDX-License-Identifier: Apache-2.0
// What this binary is. Set by the build.
#pragma once
#include <string_view>

namespace sluice::base {

extern const std::string_view kVersion;   // "0.1.0"
extern const std::string_view kRevision;  // of the source, short; "unknown" outside a checkout

}  // namespace sluice::base
