// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>

#include "gateway/base/arena.h"
#include "gateway/base/ascii.h"
#include "gateway/base/hex.h"
#include "gateway/http/uri.h"
#include "gateway/routing/pattern.h"

namespace sluice::routing {
namespace {

using ElementKind = PathElement::Kind;
using PatternCheck = std::variant<std::monostate, PatternFault>;

bool letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Bytes of the UTF-8 character that starts `s`, whatever follows it.
std::size_t character_size(std::string_view s) {
  std::size_t n = 1;
  while (n < s.size() && (static_cast<unsigned char>(s[n]) & 0xC0) == 0x80) ++n;
  return n;
}

std::string escaped(std::string_view bytes) {
  std::string out;
  for (unsigned char c : bytes) out += fmt::format("%{:02X}", c);
  return out;
}

class PathParser {
 public:
  explicit PathParser(std::string_view text) : text_(text) { pattern_.text = text; }

  Parsed<PathPattern> parse() {
    if (text_.empty()) return fault(0, "the path is empty; `/**` matches every path");
    if (text_.front() != '/') return fault(0, "a path starts with `/`; an expression starts with `~`");
    for (std::size_t at = 1; at <= text_.size();) {
      std::size_t end = std::min(text_.find('/', at), text_.size());
      if (pattern_.has_tail()) return fault(tail_at_, "`" + tail_ + "` can only be the last segment");
      if (pattern_.elements.size() == kMaxSegments)
        return fault(at, "a path pattern has at most 128 segments");
      PatternCheck f = segment(text_.substr(at, end - at), at);
      if (auto* wrong = std::get_if<PatternFault>(&f)) return std::move(*wrong);
      at = end + 1;
    }
    return std::move(pattern_);
  }

 private:
  static PatternFault fault(std::size_t offset, std::string text) { return {offset, std::move(text)}; }

  PatternCheck segment(std::string_view s, std::size_t at) {
    if (s == "**") {
      if (at > 1 && pattern_.elements.back().text.empty() &&
          pattern_.elements.back().kind == ElementKind::literal)
        return fault(at - 1,
                     "`//**`: write one `/` before `**`; it matches the path with and without a slash");
      return tail(s, at, "");
    }
    if (s.starts_with('{') && s.ends_with('}')) return capture(s, at);
    PatternCheck f = check_literal(s, at);
    if (std::holds_alternative<PatternFault>(f)) return f;
    return literal(s, at);
  }

  PatternCheck tail(std::string_view written, std::size_t at, std::string name) {
    pattern_.elements.push_back({ElementKind::tail, std::move(name)});
    tail_ = written;
    tail_at_ = at;
    return {};
  }

  PatternCheck capture(std::string_view s, std::size_t at) {
    std::string_view name = s.substr(1, s.size() - 2);
    bool rest = name.ends_with("...");
    if (rest) name.remove_suffix(3);
    if (name.empty()) return fault(at + 1, "a capture needs a name, as in `{id}` or `{rest...}`");
    if (!letter(name.front())) return fault(at + 1, "the name of a capture starts with a letter");
    for (std::size_t i = 0; i < name.size(); ++i)
      if (!letter(name[i]) && !base::is_digit(name[i]) && name[i] != '-')
        return fault(at + 1 + i, "the name of a capture consists of letters, digits, `_` and `-`");
    for (const auto& e : pattern_.elements)
      if (e.kind != ElementKind::literal && e.text == name)
        return fault(at, fmt::format("`{{{}}}` is there twice; each capture needs its own name", name));
    if (++captures_ > kMaxCaptures) return fault(at, "a path pattern has at most 16 captures");
    if (rest) return tail(s, at, std::string(name));
    pattern_.elements.push_back({ElementKind::param, std::string(name)});
    return {};
  }

  // What a request's path can never contain, or what the writer meant as something else.
  static PatternCheck check_literal(std::string_view s, std::size_t at) {
    for (std::size_t i = 0; i < s.size(); ++i) {
      char c = s[i];
      if (c == '*')
        return fault(at + i,
                     "`*` is not a pattern here: `{name}` matches one segment, `/**` at the end the rest, "
                     "and `~` starts an expression");
      if (c == '{' || c == '}')
        return fault(at + i,
                     "a capture is a whole segment, as in `/{name}/`; for a part of one use an expression "
                     "(`~ /v([0-9]+)/.*`)");
      if (c == '?') return fault(at + i, "a path ends before `?`; it is matched without the query");
      if (c == '#') return fault(at + i, "clients never send what follows `#`");
      if (c == '\\')
        return fault(at + i, "requests with `\\` in the path are refused; segments are separated by `/`");
      if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7F) {
        auto bytes = s.substr(i, character_size(s.substr(i)));
        return fault(at + i,
                     fmt::format("paths are matched in their escaped form; write `{}`", escaped(bytes)));
      }
      if (c == '%' && (i + 2 >= s.size() || base::hex_value(s[i + 1]) < 0 || base::hex_value(s[i + 2]) < 0))
        return fault(at + i, "`%` is followed by two hexadecimal digits; a percent sign itself is `%25`");
    }
    return {};
  }

  PatternCheck literal(std::string_view s, std::size_t at) {
    base::Arena arena;
    std::string path = "/";
    path += s;
    // The slash and the backslash that a route may let pass, encoded, are the route's affair.
    auto normal = http::normalise_path(path, arena, {.encoded_slash = true, .encoded_backslash = true});
    if (!normal) return fault(at, "no request has this segment: " + normal.error().detail);
    std::string_view segment = normal->substr(1);
    if (s == "." || s == ".." || (segment.empty() && !s.empty()))
      return fault(
          at, "dot segments are removed from a request before it is matched; write the path without them");
    pattern_.elements.push_back({ElementKind::literal, std::string(segment)});
    return {};
  }

  std::string_view text_;
  PathPattern pattern_;
  std::size_t captures_ = 0;
  std::string tail_;
  std::size_t tail_at_ = 0;
};

}  // namespace

Parsed<PathPattern> parse_path(std::string_view text) {
  if (!text.starts_with('~')) return PathParser(text).parse();
  std::size_t start = std::min(text.find_first_not_of(" \t", 1), text.size());
  auto parsed = parse_regex(text.substr(start));
  if (auto* f = std::get_if<PatternFault>(&parsed)) f->offset += start;
  return parsed;
}

}  // namespace sluice::routing
