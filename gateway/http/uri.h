// SPDX-License-Identifier: Apache-2.0
// Request targets: splitting, and the one normalisation of the path. Routing, filters and the upstream all
// see the path that normalise_path returned, so that none of them can be shown a different resource than the
// others. Used by the parsers; anything that builds a target from configuration uses it as well.
#pragma once
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/base/result.h"

namespace sluice::http {

// What a route may allow in its paths; all off by default. Allowed sequences stay encoded.
struct PathOptions {
  bool encoded_slash = false;      // %2F
  bool encoded_backslash = false;  // %5C
};

struct SplitTarget {
  std::string_view path;
  std::string_view query;
  bool has_query = false;
};

// At the first "?"; no check.
SplitTarget split_target(std::string_view target) noexcept;

// RFC 3986 section 6.2.2 for an absolute path: percent triplets in upper case, unreserved characters decoded,
// dot segments removed (also written %2E; above the root they vanish). Empty segments stay. Refused as
// bad_request: a path without leading "/", characters outside printable ASCII, "#", "?", "\", broken
// triplets, encoded NUL, "/" and
// "\", triplets that are not well-formed UTF-8 (overlong forms, surrogates), and the segments "." and ".."
// with parameters ("..;x"), which some servers take for dot segments and others do not. Returns `path` itself
// when it is already normal, else text in the arena. Idempotent.
base::Result<std::string_view> normalise_path(std::string_view path, base::Arena& arena,
                                              const PathOptions& options = {});

// How much of `path`, which starts with "/", is certainly normal and allowed: up to the first byte that no
// path may hold, percent sign or dot at the start of a segment, and so at most up to the "?" before a query.
std::size_t clean_prefix(std::string_view path) noexcept;

// Printable ASCII without space and "#". Triplets are not checked: a query is passed on as it is, and "100%"
// is common.
bool valid_query(std::string_view query) noexcept;

}  // namespace sluice::http
