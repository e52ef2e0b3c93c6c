// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/scan.h"

#include <bit>

#include "gateway/json/blocks.h"

namespace sluice::json {

std::string_view trimmed(std::string_view text) noexcept {
  constexpr std::string_view kSpace = " \n\r\t";
  std::size_t begin = text.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(kSpace) + 1 - begin);
}

std::string_view name(Type type) noexcept {
  constexpr std::string_view kNames[] = {"null",     "true or false", "a number",
                                         "a string", "an array",      "an object"};
  return kNames[static_cast<std::size_t>(type)];
}

Type type_of(std::string_view value) noexcept {
  switch (value.empty() ? 'n' : value.front()) {
    case '{':
      return Type::object;
    case '[':
      return Type::array;
    case '"':
      return Type::string;
    case 't':
    case 'f':
      return Type::boolean;
    case 'n':
      return Type::null;
    default:
      return Type::number;
  }
}

namespace {

// `escaped`: set if there is a backslash before it.
inline const char* closing_quote(const char* at, bool& escaped) noexcept {
  ++at;
  for (;;) {
    Bytes16 b(at);
    unsigned found = b.equal('"') | b.equal('\\');
    if (found == 0) {
      at += 16;
      continue;
    }
    at += std::countr_zero(found);
    if (*at == '"') return at;
    escaped = true;
    at += 2;
  }
}

}  // namespace

const char* closing_quote(const char* at) noexcept {
  bool escaped = false;
  return closing_quote(at, escaped);
}

namespace {

// `at` is the opening bracket.
const char* skip_container(const char* at) noexcept {
  std::uint64_t escape_carry = 0;
  std::uint64_t in_string = 0;  // all ones while a string goes on from the block before
  std::uint64_t depth = 0;
  for (;; at += 64) {
    Bytes64 b(at);
    std::uint64_t quotes = b.quotes & ~escaped(b.slashes, escape_carry);
    std::uint64_t inside = between(quotes) ^ in_string;
    in_string = 0 - (inside >> 63);
    std::uint64_t opens = b.opens & ~inside;
    // One by one: without an instruction for it, counting the bits takes longer than the few brackets there
    // are.
    for (std::uint64_t all = opens | (b.closes & ~inside); all != 0; all &= all - 1) {
      if (opens & all & (0 - all)) {
        ++depth;
      } else if (--depth == 0) {
        return at + std::countr_zero(all) + 1;
      }
    }
  }
}

}  // namespace

const char* skip_value(const char* at) noexcept {
  switch (*at) {
    case '{':
    case '[':
      return skip_container(at);
    case '"':
      return closing_quote(at) + 1;
    case 't':
    case 'n':
      return at + 4;
    case 'f':
      return at + 5;
    default:
      break;
  }
  auto in_number = [](char c) {
    return (c >= '0' && c <= '9') || c == '-' || c == '+' || c == '.' || (c | 0x20) == 'e';
  };
  while (in_number(*at)) ++at;
  return at;
}

bool Members::begin(Key& key, const char*& value) noexcept {
  const char* at = skip_space(at_);
  if (*at == '}') return false;
  if (*at == ',') at = skip_space(at + 1);
  key.escaped = false;
  const char* end = closing_quote(at, key.escaped);
  key.text = {at + 1, static_cast<std::size_t>(end - at - 1)};
  value = skip_space(skip_space(end + 1) + 1);  // over the colon
  return true;
}

bool Members::next(Member& out) noexcept {
  const char* value = nullptr;
  Key key;
  if (!begin(key, value)) return false;
  out.key = key.text;
  at_ = skip_value(value);
  out.value = {value, static_cast<std::size_t>(at_ - value)};
  return true;
}

bool Items::begin(const char*& value) noexcept {
  const char* at = skip_space(at_);
  if (*at == ']') return false;
  value = *at == ',' ? skip_space(at + 1) : at;
  return true;
}

bool Items::next(std::string_view& out) noexcept {
  const char* value = nullptr;
  if (!begin(value)) return false;
  at_ = skip_value(value);
  out = {value, static_cast<std::size_t>(at_ - value)};
  return true;
}

}  // namespace sluice::json
