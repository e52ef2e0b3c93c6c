// SPDX-License-Identifier: Apache-2.0
// The examples in descriptions: shown by the schema and the reference page, and tried out by a test, so that
// they cannot rot.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/shape.h"

namespace sluice::config {

// The example (a scalar, flow YAML on one line, or block YAML on several) as JSON; a JSON string of it when
// it is not YAML.
std::string example_json(std::string_view yaml);
// Binds every example that can be reached from `root` and returns what is wrong with them, one line each.
// References are not checked.
std::vector<std::string> broken_examples(const Shape& root);

}  // namespace sluice::config
