// SPDX-License-Identifier: Apache-2.0
// What claims say: one by its name, and comparison with a wanted text, for filters that allow or identify by
// claims.
#pragma once
#include <span>
#include <string_view>

#include "gateway/chain/identity.h"

namespace sluice::chain {

// The first of that name; null if there is none.
const Claim* find_claim(std::span<const Claim> claims, std::string_view name) noexcept;
// Is the claim this text, or an array of JSON with it among its elements?
bool claim_says(const Claim& claim, std::string_view wanted) noexcept;
// Does one of the claims of that name say so?
bool claims_say(std::span<const Claim> claims, std::string_view name, std::string_view wanted) noexcept;

}  // namespace sluice::chain
