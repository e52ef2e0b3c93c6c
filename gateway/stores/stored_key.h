// SPDX-License-Identifier: Apache-2.0
// How the key of a counter is written where it is kept: as it is, or a digest of it if it must not be read
// there or is long.
#pragma once
#include <string>
#include <string_view>

namespace sluice::stores {

std::string stored_key(std::string_view key, bool confidential);

}  // namespace sluice::stores
