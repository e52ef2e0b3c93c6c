// SPDX-License-Identifier: Apache-2.0
// Which files of a configuration hold consumers and nothing else: they may change while all else stays.
#pragma once
#include <string>
#include <vector>

#include "gateway/config/node.h"

namespace sluice::server {

// Included files whose only key is `consumers`, by their paths. Those that hold none of it are left out too.
std::vector<std::string> consumer_files(const config::Document& document);

}  // namespace sluice::server
