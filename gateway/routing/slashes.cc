// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/slashes.h"

#include <optional>

namespace sluice::routing {
namespace {

std::optional<PathPattern> other_form(const PathPattern& pattern) {
  if (pattern.regex || pattern.has_tail()) return std::nullopt;
  std::string text = pattern.text;
  if (text.ends_with('/')) {
    text.pop_back();
  } else {
    text += '/';
  }
  if (text.size() < 2) return std::nullopt;  // "/" and "//"
  auto parsed = parse_path(text);
  auto* other = std::get_if<PathPattern>(&parsed);  // none where it would have too many segments
  return other ? std::optional(std::move(*other)) : std::nullopt;
}

}  // namespace

void apply(TrailingSlash policy, Match& match) {
  if (policy == TrailingSlash::strict) return;
  auto& to = policy == TrailingSlash::ignore ? match.paths : match.redirected;
  for (std::size_t i = 0, written = match.paths.size(); i < written; ++i) {
    auto other = other_form(match.paths[i]);
    if (!other) continue;
    bool is_written = false;
    for (const PathPattern& path : match.paths) is_written |= path.text == other->text;
    if (!is_written) to.push_back(std::move(*other));
  }
}

std::string_view with_other_ending(std::string_view path, base::Arena& arena) {
  bool has = path.ends_with('/');
  std::string_view rest = has ? path.substr(0, path.size() - 1) : path;
  // Two slashes in front would name a host (RFC 3986 section 4.2).
  return arena.join(rest.starts_with("//") ? "/." : "", rest, has ? "" : "/");
}

std::string_view with_merged_slashes(std::string_view path, base::Arena& arena) {
  if (path.find("//") == std::string_view::npos) return path;
  char* begin = arena.chars(path.size());
  char* out = begin;
  for (char c : path)
    if (c != '/' || out == begin || out[-1] != '/') *out++ = c;
  return {begin, static_cast<std::size_t>(out - begin)};
}

}  // namespace sluice::routing
