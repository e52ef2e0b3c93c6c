// SPDX-License-Identifier: Apache-2.0
// What stands for a secret in whatever is shown of a configuration.
#pragma once
#include <string_view>

namespace sluice::config {

inline constexpr std::string_view kMask = "***";

}  // namespace sluice::config
