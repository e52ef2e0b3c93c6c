// SPDX-License-Identifier: Apache-2.0
// What bytes a configuration file may consist of: UTF-8 without the characters that nobody can see or that
// count as a line break to some programs only. Checked before the YAML library sees the text.
#pragma once
#include <cstdint>
#include <string_view>

#include "gateway/config/diagnostic.h"

namespace sluice::config {

// Takes a byte order mark off the front.
std::string_view without_byte_order_mark(std::string_view text) noexcept;
// Complains about the first few offending characters of the source `file`; true when there are none.
bool check_encoding(std::string_view text, std::uint32_t file, Diagnostics& diagnostics);

}  // namespace sluice::config
