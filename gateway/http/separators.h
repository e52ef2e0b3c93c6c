// SPDX-License-Identifier: Apache-2.0
// Encoded separators: %2F and %5C in a path. To some servers they are part of a segment, to others they end
// one. normalise_path() leaves them encoded where it is told to let them in; who lets them further looks here
// at what a path holds, and at what else it may be taken for. For normal paths alone, whose triplets are in
// upper case.
#pragma once
#include <string_view>

#include "gateway/base/arena.h"
#include "gateway/http/uri.h"

namespace sluice::http {

// Nearly always no, and then after one look for a percent sign.
inline bool has_encoded_separator(std::string_view path) noexcept {
  for (auto at = path.find('%'); at != std::string_view::npos; at = path.find('%', at + 1)) {
    auto digits = path.substr(at + 1, 2);
    if (digits == "2F" || digits == "5C") return true;
  }
  return false;
}

// Which of them the path holds: what a route must allow to get it.
PathOptions separators_in(std::string_view path) noexcept;

// Is all that `needed` names in `allowed`?
constexpr bool covers(const PathOptions& allowed, const PathOptions& needed) noexcept {
  return (allowed.encoded_slash || !needed.encoded_slash) &&
         (allowed.encoded_backslash || !needed.encoded_backslash);
}

// The path as somebody reads it who takes each separator that `decoded` names for a slash. In the arena.
std::string_view as_read(std::string_view path, const PathOptions& decoded, base::Arena& arena);

}  // namespace sluice::http
