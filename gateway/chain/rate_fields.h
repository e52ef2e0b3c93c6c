// SPDX-License-Identifier: Apache-2.0
// RateFields: what responses tell of a limit: RateLimit and RateLimit-Policy as the IETF's draft has them
// (draft-ietf-httpapi-ratelimit-headers), and X-RateLimit-* for older clients. Used by the filters that
// count.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/chain/exchange.h"
#include "gateway/config/types.h"

namespace sluice::chain {

enum class RateFields : std::uint8_t { standard, x_ratelimit, both, none };
void describe(config::Enumeration<RateFields>& e);

// What is said of one limit in every response.
struct RateFieldTexts {
  std::string item;     // `"default"`
  std::string policy;   // `"default";q=100;w=60`
  std::string count;    // "100"
  std::string at_most;  // for the one who is refused
};
// `period` in nanoseconds, 0 for one of no fixed length.
RateFieldTexts rate_field_texts(std::string_view name, std::uint64_t count, std::uint64_t period,
                                std::string_view rate);

// `until_reset` in nanoseconds. Where several filters count, all of them are listed in the standard fields,
// and X-RateLimit-* tell of the one that has least left.
void add_rate_fields(Exchange& ex, RateFields which, const RateFieldTexts& texts, std::string_view policies,
                     std::uint64_t remaining, std::uint64_t until_reset);
// Whole seconds, rounded up, at least 1.
std::string_view seconds_text(base::Arena& arena, std::uint64_t nanoseconds);

}  // namespace sluice::chain
