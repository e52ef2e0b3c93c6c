// SPDX-License-Identifier: Apache-2.0
// Slashes: what a slash at the end of a path means to a route, and what doubled ones mean to all of them.
#pragma once
#include <cstdint>
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/routing/match.h"

namespace sluice::routing {

enum class TrailingSlash : std::uint8_t {
  strict,    // another path
  redirect,  // sent to the path as the route has it
  ignore,    // the same path
};

// Adds to the paths of the match those with the other ending: `/a/` for `/a`, and the other way round. Tails
// and expressions say themselves what may follow, and `/` has no other form.
void apply(TrailingSlash policy, Match& match);

// The path with a slash at its end if it has none, else without it, as a reference that leads nowhere but to
// the same host. In the arena.
std::string_view with_other_ending(std::string_view path, base::Arena& arena);

// The path with one slash wherever it has several. Itself if it has no such place.
std::string_view with_merged_slashes(std::string_view path, base::Arena& arena);

}  // namespace sluice::routing
