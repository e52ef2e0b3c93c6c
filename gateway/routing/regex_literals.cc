// SPDX-License-Identifier: Apache-2.0
#include "gateway/routing/regex_literals.h"

#include <algorithm>

namespace sluice::routing {
namespace {

bool punctuation(char c) {
  return c > ' ' && c < 0x7F && !(c >= '0' && c <= '9') && !(c >= 'a' && c <= 'z') && !(c >= 'A' && c <= 'Z');
}

// The end of the character class that starts at `at`. A "]" right after "[" or "[^" is an element.
std::size_t class_end(std::string_view s, std::size_t at) {
  std::size_t i = at + 1;
  if (i < s.size() && s[i] == '^') ++i;
  if (i < s.size() && s[i] == ']') ++i;
  for (; i < s.size() && s[i] != ']'; ++i) {
    if (s[i] == '\\') ++i;
    if (s.substr(i).starts_with("[:")) i = std::min(s.find(":]", i), s.size() - 1) + 1;
  }
  return i;
}

// Is there a "|" outside all groups? Quoted text (\Q) counts as one, since it is not looked into.
bool alternates(std::string_view s) {
  int depth = 0;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '\\') {
      if (s.substr(i).starts_with("\\Q")) return true;
      ++i;
    } else if (s[i] == '[') {
      i = class_end(s, i);
    } else if (s[i] == '(') {
      ++depth;
    } else if (s[i] == ')') {
      --depth;
    } else if (s[i] == '|' && depth == 0) {
      return true;
    }
  }
  return false;
}

struct Run {
  std::string text;       // literal characters from the start
  std::string_view rest;  // of the expression
};

Run literal_run(std::string_view s) {
  Run run;
  std::size_t i = 0, last = 0;
  while (i < s.size()) {
    char c = s[i];
    if (c == '*' || c == '+' || c == '?' || c == '{') {  // it belongs to the character before
      if (!run.text.empty()) run.text.pop_back();
      i = last;
      break;
    }
    if (c == '.' || c == '[' || c == '(' || c == ')' || c == '^' || c == '$') break;
    bool quoted = c == '\\';
    if (quoted && (i + 1 >= s.size() || !punctuation(s[i + 1]))) break;
    last = i;
    run.text += quoted ? s[i + 1] : c;
    i += quoted ? 2 : 1;
  }
  run.rest = s.substr(i);
  return run;
}

// Does everything that `rest` matches start with "/" or is empty? Knows "/?" and one last group that starts
// with a slash, as in "(/.*)?".
bool goes_on_with_slash(std::string_view rest) {
  if (rest.empty() || rest == "/?" || rest == "/*") return true;
  if (!rest.starts_with('(')) return false;
  std::string_view inside = rest.substr(1);
  if (inside.starts_with("?:")) inside.remove_prefix(2);
  if (inside.starts_with("?P<")) inside.remove_prefix(std::min(inside.find('>'), inside.size() - 1) + 1);
  int depth = 1;
  std::size_t i = 0;
  for (; i < inside.size() && depth > 0; ++i) {
    if (inside[i] == '\\')
      ++i;
    else if (inside[i] == '[')
      i = class_end(inside, i);
    else if (inside[i] == '(')
      ++depth;
    else if (inside[i] == ')')
      --depth;
  }
  if (depth > 0) return false;
  std::string_view after = inside.substr(i);
  std::string_view group = inside.substr(0, i - 1);
  bool slash_first =
      group.starts_with('/') && group.substr(1).find_first_of("*?{") != 0 && !alternates(group);
  return slash_first && (after.empty() || after == "?" || after == "*" || after == "+");
}

}  // namespace

std::vector<std::string> literal_segments(std::string_view expression) {
  std::vector<std::string> segments;
  if (alternates(expression)) return segments;
  Run run = literal_run(expression);
  if (!run.text.starts_with('/')) return segments;
  std::size_t at = 1;
  for (auto slash = run.text.find('/', at); slash != std::string::npos; slash = run.text.find('/', at)) {
    segments.push_back(run.text.substr(at, slash - at));
    at = slash + 1;
  }
  if (goes_on_with_slash(run.rest)) segments.push_back(run.text.substr(at));
  return segments;
}

std::string literal_prefix(std::string_view expression) {
  return alternates(expression) ? "" : literal_run(expression).text;
}

std::optional<std::size_t> unbalanced(std::string_view s) {
  std::vector<std::size_t> open;
  for (std::size_t i = 0; i < s.size(); ++i) {
    if (s[i] == '\\')
      ++i;
    else if (s[i] == '[')
      i = class_end(s, i);
    else if (s[i] == '(')
      open.push_back(i);
    else if (s[i] == ')' && open.empty())
      return i;
    else if (s[i] == ')')
      open.pop_back();
  }
  if (open.empty()) return std::nullopt;
  return open.back();
}

}  // namespace sluice::routing
