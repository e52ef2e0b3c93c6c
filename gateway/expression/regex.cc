// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/regex.h"

#include <algorithm>

namespace sluice::expression {
namespace {

bool wide(char c) noexcept { return static_cast<unsigned char>(c) >= 0x80; }

// Where the class that begins at `begin` ends: behind its `]`, or at the end of the text.
std::size_t end_of_class(std::string_view text, std::size_t begin) noexcept {
  std::size_t i = begin + 1;
  if (i < text.size() && text[i] == '^') ++i;
  if (i < text.size() && text[i] == ']') ++i;  // as the first one it is a character
  while (i < text.size() && text[i] != ']') {
    if (text[i] == '\\') {
      i += 2;
    } else if (text.substr(i, 2) == "[:") {
      std::size_t end = text.find(":]", i + 2);
      i = end == std::string_view::npos ? i + 1 : end + 2;
    } else {
      ++i;
    }
  }
  return std::min(i + 1, text.size());
}

}  // namespace

re2::RE2::Options regex_options(re2::RE2::Options::Encoding encoding, std::int64_t memory) {
  re2::RE2::Options out;
  out.set_encoding(encoding);
  out.set_log_errors(false);
  out.set_max_mem(memory);
  return out;
}

re2::RE2::Options byte_options(std::int64_t memory) {
  auto out = regex_options(re2::RE2::Options::EncodingLatin1, memory);
  out.set_dot_nl(true);
  return out;
}

std::string refuse_wide_characters(std::string_view expression) {
  for (std::size_t i = 0; i < expression.size();) {
    if (expression[i] == '\\') {
      i += 2;
    } else if (expression[i] == '[') {
      std::size_t end = end_of_class(expression, i);
      for (char c : expression.substr(i, end - i))
        if (wide(c))
          return "it matches bytes, and a class cannot hold a character beyond ASCII: write (?:a|b)";
      i = end;
    } else {
      bool repeated = i + 1 < expression.size() &&
                      std::string_view("?*+{").find(expression[i + 1]) != std::string_view::npos;
      if (wide(expression[i]) && repeated)
        return "it matches bytes, and a character beyond ASCII is repeated in a group: (?:...)";
      ++i;
    }
  }
  return {};
}

std::string folding_ascii_alone(std::string_view expression) {
  std::string out;
  for (std::size_t i = 0; i < expression.size();) {
    std::size_t end = i;
    while (end < expression.size() && wide(expression[end])) ++end;
    if (end != i) {
      out.append("(?-i:").append(expression.substr(i, end - i)).append(")");
    } else {
      end = std::min(i + (expression[i] == '\\' ? 2 : 1), expression.size());
      out += expression.substr(i, end - i);
    }
    i = end;
  }
  return out;
}

}  // namespace sluice::expression
