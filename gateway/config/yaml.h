// SPDX-License-Identifier: Apache-2.0
// The one function that calls the YAML library. libyaml, not yaml-cpp: the latter needs 0.13 s for the text
// of 10,000 routes alone, and its nodes lose whether a value was quoted and where it ends; libyaml needs 0.02
// s.
#pragma once
#include <cstdint>
#include <string_view>

#include "gateway/config/diagnostic.h"
#include "gateway/config/tree.h"

namespace sluice::config {

// Parses one document in UTF-8 (no byte order mark) into `tree`; places are in source `file`. False when the
// text is not YAML, or more than we accept of it: what was wrong is in `diagnostics`.
bool parse_yaml(std::string_view text, std::uint32_t file, TreeBuilder& tree, Diagnostics& diagnostics);

}  // namespace sluice::config
