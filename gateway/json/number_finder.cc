// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/number_finder.h"

#include <algorithm>

namespace sluice::json {

bool NumberFinder::feed(std::string_view bytes) noexcept {
  is_new_ = false;
  for (char c : bytes) {
    if (c == '\n' && by_line_) {
      at_ = {};
    } else if (at_.in_string) {
      in_string(c);
    } else {
      outside(c);
    }
  }
  return is_new_;
}

void NumberFinder::in_string(char c) noexcept {
  if (at_.escaped) {
    at_.escaped = false;
  } else if (c == '\\') {
    at_.escaped = true;
    at_.fits = false;
  } else if (c == '"') {
    at_.in_string = false;
    at_.leads = at_.in_name && at_.fits && at_.matched == names_[at_.way - 1].size();
  } else if (at_.fits) {
    const std::string& name = names_[at_.way - 1];
    at_.fits = at_.matched < name.size() && name[at_.matched] == c;
    ++at_.matched;
  }
}

void NumberFinder::outside(char c) noexcept {
  switch (c) {
    case '"':
      at_.in_string = true;
      at_.in_name = at_.fits = at_.name_next && at_.on_way();
      at_.name_next = at_.name_next && !at_.on_way();
      at_.matched = 0;
      return;
    case '{':
    case '[':
      return open(c == '{');
    case '}':
    case ']':
      end_number();
      if (at_.depth == 0) return;
      if (at_.on_way()) --at_.way, at_.name_next = at_.leads = false;
      --at_.depth;
      return;
    case ',':
      end_number();
      if (at_.on_way()) at_.name_next = at_.depth > 0, at_.leads = false;
      return;
    case ':':
      return;
    case ' ':
    case '\t':
    case '\r':
    case '\n':
      return end_number();
    default:
      digit(c);
  }
}

void NumberFinder::open(bool object) noexcept {
  bool further = object && at_.on_way() && at_.way < names_.size() && (at_.way == 0 || at_.leads);
  ++at_.depth;
  if (further) at_.way = at_.depth, at_.name_next = true;
  at_.leads = false;
}

void NumberFinder::digit(char c) noexcept {
  bool counts = at_.leads && at_.on_way() && at_.way == names_.size();
  if (!counts || c < '0' || c > '9') {
    at_.leads = at_.in_number = false;  // a sign, a fraction, a word
    return;
  }
  if (!at_.in_number) at_.number = 0;
  at_.in_number = true;
  at_.number = std::min(at_.number * 10 + static_cast<std::uint64_t>(c - '0'), kMost);
}

void NumberFinder::end_number() noexcept {
  if (!at_.in_number) return;
  found_ = at_.number;
  is_new_ = true;
  at_.leads = at_.in_number = false;
}

}  // namespace sluice::json
