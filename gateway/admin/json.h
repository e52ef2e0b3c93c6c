// SPDX-License-Identifier: Apache-2.0
// JSON as the pages of the admin server write it.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/base/clock.h"

namespace sluice::admin {

// With its quotes.
std::string json_text(std::string_view text);
// For a terminal: without what could steer it. The same without the quotes.
std::string plain(std::string_view text);
std::string json_list(const std::vector<std::string>& texts);
// "2026-01-02T03:04:05.678Z", with its quotes; null for a time that is not set.
std::string json_time(base::WallTime time);
// Milliseconds with three decimals: "12.345"; 0.000 for what is negative.
std::string json_milliseconds(base::Duration span);

}  // namespace sluice::admin
