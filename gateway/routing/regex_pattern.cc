// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <algorithm>
#include <optional>

#include <re2/re2.h>

#include "gateway/base/arena.h"
#include "gateway/base/hex.h"
#include "gateway/expression/regex.h"
#include "gateway/http/uri.h"
#include "gateway/routing/pattern.h"
#include "gateway/routing/regex_literals.h"

namespace sluice::routing {
namespace {

std::string upper_hex(std::string s) {
  for (char& c : s)
    if (c >= 'a' && c <= 'f') c = static_cast<char>(c - 'a' + 'A');
  return s;
}

// The expression without the anchors that it has anyway, and how much was cut off at the front.
std::pair<std::string_view, std::size_t> without_anchors(std::string_view s) {
  std::size_t cut = 0;
  while (s.starts_with('^')) {
    s.remove_prefix(1);
    ++cut;
  }
  while (s.ends_with('$') && s.find("\\Q") == std::string_view::npos) {
    auto before = s.substr(0, s.size() - 1);
    auto last = before.find_last_not_of('\\');
    std::size_t backslashes = before.size() - (last == std::string_view::npos ? 0 : last + 1);
    if (backslashes % 2 == 1) break;  // "\$" is a dollar sign
    s = before;
  }
  return {s, cut};
}

// A triplet that normalisation would have written in another way never occurs in a path.
std::optional<PatternFault> check_triplet(std::string_view s, std::size_t at) {
  if (at + 2 >= s.size() || base::hex_value(s[at + 1]) < 0 || base::hex_value(s[at + 2]) < 0)
    return std::nullopt;
  base::Arena arena;
  // "x" in front, because "%2E" alone is a dot segment.
  std::string written(s.substr(at, 3)), path = "/x" + written;
  auto normal = http::normalise_path(path, arena, {.encoded_slash = true, .encoded_backslash = true});
  // One byte of a longer character is refused alone; only its spelling can be wrong.
  std::string meant = normal ? std::string(normal->substr(2)) : upper_hex(written);
  if (meant == written) return std::nullopt;
  return PatternFault{
      at, fmt::format("`{}` is not in the normalised path, which is what is matched; write `{}{}`", written,
                      meant == "." ? "\\" : "", meant)};
}

// Looks for what can never be in a path.
std::optional<PatternFault> check_characters(std::string_view s) {
  bool any_case = s.find("(?i") != std::string_view::npos;
  bool in_class = false;
  for (std::size_t i = 0; i < s.size(); ++i) {
    char c = s[i];
    if (static_cast<unsigned char>(c) <= ' ' || static_cast<unsigned char>(c) >= 0x7F)
      return PatternFault{i,
                          "paths are matched in their escaped form; write a blank as `%20` and other "
                          "characters as the triplets of their UTF-8 bytes"};
    if (c == '\\') {
      if (i + 1 < s.size() && s[i + 1] == '?' && !in_class)
        return PatternFault{i, "a path ends before `?`; it is matched without the query"};
      ++i;
      continue;
    }
    if (c == '[') in_class = true;
    if (c == ']') in_class = false;
    if (c == '%' && !in_class && !any_case)
      if (auto f = check_triplet(s, i)) return f;
  }
  return std::nullopt;
}

PatternFault syntax_fault(const RE2& re, std::string_view body) {
  auto found = re.error_arg().empty() ? std::string_view::npos : body.find(re.error_arg());
  std::size_t at = found == std::string_view::npos ? 0 : found;
  std::string_view rest = body.substr(at);
  if (rest.size() > 1 && rest[0] == '\\' && rest[1] >= '1' && rest[1] <= '9')
    return {at, "expressions are matched in linear time and have no back-references"};
  for (auto look : {"(?=", "(?!", "(?<=", "(?<!"})
    if (rest.starts_with(look))
      return {at, "expressions are matched in linear time and have no look-ahead or look-behind"};
  if (rest.starts_with("(?<")) return {at, "a named group is written `(?P<name>...)`"};
  if (auto paren = unbalanced(body))
    return {*paren, body[*paren] == '(' ? "`)` is missing" : "`(` is missing"};
  return {at, re.error()};
}

std::optional<PatternFault> check_captures(const RE2& re, std::string_view body) {
  if (re.NumberOfCapturingGroups() > kMaxGroups)
    return PatternFault{0, "an expression has at most 63 groups; `(?:...)` groups without counting"};
  if (re.NamedCapturingGroups().size() <= kMaxCaptures) return std::nullopt;
  std::size_t at = 0;
  for (std::size_t n = 0; n <= kMaxCaptures; ++n) at = body.find("(?P<", at + (n > 0));
  return PatternFault{at, "a path pattern has at most 16 captures"};
}

std::shared_ptr<const RE2> compile(std::string_view body) {  // a normalised path is ASCII
  return std::make_shared<const RE2>(re2::StringPiece(body.data(), body.size()),
                                     expression::regex_options(RE2::Options::EncodingLatin1));
}

std::optional<PatternFault> check(const RE2& re, std::string_view body) {
  if (!re.ok()) return syntax_fault(re, body);
  if (auto f = check_captures(re, body)) return f;
  auto start = literal_prefix(body);
  if (!start.empty() && start.front() != '/')
    return PatternFault{0, "a path starts with `/`, so this expression matches none"};
  return std::nullopt;
}

}  // namespace

std::vector<std::string> capture_names(const PathPattern& pattern) {
  std::vector<std::string> names;
  if (pattern.regex) {
    for (const auto& group : pattern.regex->CapturingGroupNames()) names.push_back(group.second);
    return names;
  }
  for (const auto& e : pattern.elements)
    if (e.kind != PathElement::Kind::literal && !e.text.empty()) names.push_back(e.text);
  return names;
}

Parsed<PathPattern> parse_regex(std::string_view expression) {
  auto [body, cut] = without_anchors(expression);
  if (body.empty()) return PatternFault{cut, "the expression is empty; `/**` matches every path"};
  auto wrong = check_characters(body);
  std::shared_ptr<const RE2> re;
  if (!wrong) {
    re = compile(body);
    wrong = check(*re, body);
  }
  if (wrong) {
    wrong->offset += cut;
    return *wrong;
  }
  PathPattern pattern;
  pattern.text = "~ " + std::string(expression);
  for (auto& segment : literal_segments(body))
    if (pattern.elements.size() < kMaxSegments)
      pattern.elements.push_back({PathElement::Kind::literal, std::move(segment)});
  pattern.regex = std::move(re);
  return pattern;
}

}  // namespace sluice::routing
