// SPDX-License-Identifier: Apache-2.0
// What an RE2 expression starts with, read off its text: enough to rank it among other patterns and to find
// it in the trie. Errs to the safe side: a segment that is not recognised as literal only ranks the
// expression lower. Used by the pattern parser and the search for ties; the expression has no anchors at its
// ends.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace sluice::routing {

// The whole segments of literal text at the start: each is followed by "/" or by the end in every path that
// matches. "/users/[0-9]+" gives {"users"}, "/users(/.*)?" as well, "/(a|b)/c" nothing.
std::vector<std::string> literal_segments(std::string_view expression);

// Literal text that every matching text starts with, as far as the expression says so plainly; may be "".
std::string literal_prefix(std::string_view expression);

// The place of a parenthesis that lacks its partner, for error messages.
std::optional<std::size_t> unbalanced(std::string_view expression);

}  // namespace sluice::routing
