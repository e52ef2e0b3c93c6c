// SPDX-License-Identifier: Apache-2.0
// Patterns: the host and path conditions of a match, parsed from what the operator wrote. Used by the
// configuration of routes and by the route table's builder; nothing here looks at a request. Parsing is pure:
// a text that is no pattern gives a PatternFault, which says where in the text the fault is and what to write
// instead.
//
//   host   api.example.com   that host           *.example.com   any host below it, not example.com itself
//          *                 every host
//   path   /a/b              that path alone     /a/{id}         `{id}`: one segment, not empty, captured
//          /a/**             /a, /a/, /a/x/y...  /a/{rest...}    the same, with what follows /a/ captured
//          /**               every path          ~ /a/[0-9]+     RE2 expression over the whole path
//
// Paths are compared in their normalised, escaped form (http/uri.h) and patterns are normalised like
// requests, so /%7euser and /~user are one pattern. Captures are pieces of that form: still escaped, ready to
// be forwarded. The expression may be written with or without `^` and `$`, it is anchored at both ends;
// `(?P<name>...)` captures.
#pragma once
#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace re2 {
class RE2;
}

namespace sluice::routing {

// Captures of one pattern at most; more are a fault.
inline constexpr std::size_t kMaxCaptures = 16;
// Groups of one expression at most, with and without a name.
inline constexpr int kMaxGroups = 63;
// Segments of one pattern at most; it bounds the depth of a lookup.
inline constexpr std::size_t kMaxSegments = 128;

struct PatternFault {
  std::size_t offset = 0;  // in the text as written, in bytes
  std::string text;
};
template <class T>
using Parsed = std::variant<T, PatternFault>;

struct HostPattern {
  enum class Kind : std::uint8_t { any, wildcard, exact };
  Kind kind = Kind::any;
  std::string name;  // lower case; of a wildcard what follows "*."; of any ""

  std::string text() const;  // "*.example.com"; "any host"
};

struct PathElement {
  enum class Kind : std::uint8_t { literal, param, tail };
  Kind kind = Kind::literal;
  std::string text;  // a literal's segment, normalised; else the capture's name, "" for `**`
};

struct PathPattern {
  std::string text;  // as written; of an expression with a leading "~ "
  // A tail is always the last. Of an expression only the literal segments that it starts with: they give its
  // rank.
  std::vector<PathElement> elements;
  std::shared_ptr<const re2::RE2> regex;  // null if it is none; shared because compiling is dear

  bool has_tail() const { return !elements.empty() && elements.back().kind == PathElement::Kind::tail; }
};

// In the order of the pattern.
std::vector<std::string> capture_names(const PathPattern& pattern);

// Ignores case and a trailing dot.
Parsed<HostPattern> parse_host(std::string_view text);
// `text` with a leading "~" is an expression.
Parsed<PathPattern> parse_path(std::string_view text);
// An expression without the "~"; offsets count from the start of `expression`.
Parsed<PathPattern> parse_regex(std::string_view expression);

}  // namespace sluice::routing
