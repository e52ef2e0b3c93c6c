// SPDX-License-Identifier: Apache-2.0
// Hashes of texts, as signatures and digests are made of them.
#pragma once
#include <string>
#include <string_view>

#include "gateway/jose/algorithm.h"

namespace sluice::jose {

// The bytes of the hash.
std::string hash(Hash kind, std::string_view text);

}  // namespace sluice::jose
