// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/json_scanner.h"

#include <algorithm>

#include "gateway/http/block.h"

namespace sluice::http {
namespace {

constexpr std::string_view kNoJson = "is no JSON";

bool blank(unsigned char c) noexcept { return c == ' ' || c == '\t' || c == '\n' || c == '\r'; }
bool digit(unsigned char c) noexcept { return c >= '0' && c <= '9'; }
bool hex_digit(unsigned char c) noexcept {
  return digit(c) || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

}  // namespace

bool JsonScanner::feed(std::string_view bytes) noexcept {
  if (!fault_.empty()) return false;
  const char *p = bytes.data(), *end = p + bytes.size();
  while (p != end) {
    if (state_ == State::string && left_ == 0 && (p = skip_plain(p, end)) == end) break;
    if (!step(static_cast<unsigned char>(*p++))) return false;
  }
  return true;
}

// What a string holds that neither ends it nor has to be looked at, as far as its limit lets it.
const char* JsonScanner::skip_plain(const char* p, const char* end) noexcept {
  std::uint32_t most = is_key_ ? limits_->key : limits_->string;
  end = p + std::min(static_cast<std::size_t>(end - p), static_cast<std::size_t>(most - size_));
  const char* at = find_first(p, end, [](Block v) {
    return equal(v, '"') | equal(v, '\\') | between(v, 0, 0x1F) | v;  // the highest bit: not ASCII
  });
  size_ += static_cast<std::uint32_t>(at - p);
  return at;
}

bool JsonScanner::finish() noexcept {
  if (!fault_.empty()) return false;
  if (state_ == State::zero || state_ == State::digits || state_ == State::fraction ||
      state_ == State::exponent_digits)
    end_value();
  return state_ == State::done || fail("ends in the middle of its JSON");
}

bool JsonScanner::step(unsigned char c) noexcept {
  switch (state_) {
    case State::string:
    case State::escape:
    case State::hex:
      return in_string(c);
    case State::literal:
      if (c != static_cast<unsigned char>(literal_.front())) return fail(kNoJson);
      literal_.remove_prefix(1);
      if (literal_.empty()) end_value();
      return true;
    case State::minus:
    case State::zero:
    case State::digits:
    case State::point:
    case State::fraction:
    case State::exponent:
    case State::exponent_sign:
    case State::exponent_digits:
      return in_number(c);
    default:
      break;
  }
  if (blank(c)) return true;
  switch (state_) {
    case State::value_or_end:
      if (c == ']') return close(false);
      return begin_value(c);
    case State::value:
      return begin_value(c);
    case State::key_or_end:
      if (c == '}') return close(true);
      [[fallthrough]];
    case State::key:
      if (c != '"' || !count_member()) return fail(fault_.empty() ? kNoJson : fault_);
      state_ = State::string;
      is_key_ = true;
      size_ = 0;
      return true;
    case State::colon:
      state_ = State::value;
      return c == ':' || fail(kNoJson);
    case State::comma_or_end:
      if (c == ']' || c == '}') return close(c == '}');
      if (c != ',') return fail(kNoJson);
      state_ = objects_[depth_ - 1] ? State::key : State::value;
      return true;
    default:
      return fail("has something behind its JSON");
  }
}

bool JsonScanner::count_member() noexcept {
  return ++members_[depth_ - 1] <= limits_->members || fail("has an array or object with too many members");
}

bool JsonScanner::begin_value(unsigned char c) noexcept {
  if (++values_ > limits_->values) return fail("has too many values");
  if (depth_ && !objects_[depth_ - 1] && !count_member()) return false;
  auto literal = [&](std::string_view rest) {
    state_ = State::literal;
    literal_ = rest;
    return true;
  };
  switch (c) {
    case '{':
    case '[':
      return open(c == '{');
    case '"':
      state_ = State::string;
      is_key_ = false;
      size_ = 0;
      return true;
    case 't':
      return literal("rue");
    case 'f':
      return literal("alse");
    case 'n':
      return literal("ull");
    case '-':
      state_ = State::minus;
      return true;
    case '0':
      state_ = State::zero;
      return true;
    default:
      state_ = State::digits;
      return digit(c) || fail(kNoJson);
  }
}

bool JsonScanner::open(bool object) noexcept {
  if (depth_ == members_.size()) return fail("is nested too deeply");
  objects_[depth_] = object;
  members_[depth_] = 0;
  ++depth_;
  state_ = object ? State::key_or_end : State::value_or_end;
  return true;
}

bool JsonScanner::close(bool object) noexcept {
  if (depth_ == 0 || objects_[depth_ - 1] != object) return fail(kNoJson);
  --depth_;
  end_value();
  return true;
}

// The bytes that may follow the first one of a character (RFC 3629 section 4).
bool JsonScanner::utf8(unsigned char c) noexcept {
  low_ = 0x80;
  high_ = 0xbf;
  if (c >= 0xc2 && c <= 0xdf) {
    left_ = 1;
  } else if (c >= 0xe0 && c <= 0xef) {
    left_ = 2;
    if (c == 0xe0) low_ = 0xa0;
    if (c == 0xed) high_ = 0x9f;
  } else if (c >= 0xf0 && c <= 0xf4) {
    left_ = 3;
    if (c == 0xf0) low_ = 0x90;
    if (c == 0xf4) high_ = 0x8f;
  } else {
    return fail("is no UTF-8");
  }
  return true;
}

bool JsonScanner::in_string(unsigned char c) noexcept {
  if (state_ == State::string && left_ == 0 && c == '"') {
    if (is_key_) {
      state_ = State::colon;
    } else {
      end_value();
    }
    return true;
  }
  if (++size_ > (is_key_ ? limits_->key : limits_->string))
    return fail(is_key_ ? "has a name that is too long" : "has a string that is too long");
  if (state_ == State::hex) {
    if (--left_ == 0) state_ = State::string;
    return hex_digit(c) || fail(kNoJson);
  }
  if (state_ == State::escape) {
    state_ = c == 'u' ? State::hex : State::string;
    left_ = c == 'u' ? 4 : 0;
    return std::string_view("\"\\/bfnrtu").find(static_cast<char>(c)) != std::string_view::npos ||
           fail(kNoJson);
  }
  if (left_) {
    if (c < low_ || c > high_) return fail("is no UTF-8");
    --left_;
    low_ = 0x80;
    high_ = 0xbf;
    return true;
  }
  if (c == '\\') {
    state_ = State::escape;
    return true;
  }
  if (c < 0x20) return fail(kNoJson);
  return c < 0x80 || utf8(c);
}

bool JsonScanner::in_number(unsigned char c) noexcept {
  switch (state_) {
    case State::minus:
      state_ = c == '0' ? State::zero : State::digits;
      return digit(c) || fail(kNoJson);
    case State::point:
      state_ = State::fraction;
      return digit(c) || fail(kNoJson);
    case State::exponent:
      if (c == '+' || c == '-') {
        state_ = State::exponent_sign;
        return true;
      }
      [[fallthrough]];
    case State::exponent_sign:
      state_ = State::exponent_digits;
      return digit(c) || fail(kNoJson);
    default:
      return end_number(c);
  }
}

// Behind a digit, where the number may go on or end.
bool JsonScanner::end_number(unsigned char c) noexcept {
  if (digit(c)) return state_ != State::zero || fail(kNoJson);
  bool whole = state_ == State::zero || state_ == State::digits;
  if (c == '.' && whole) {
    state_ = State::point;
    return true;
  }
  if ((c == 'e' || c == 'E') && (whole || state_ == State::fraction)) {
    state_ = State::exponent;
    return true;
  }
  end_value();
  return step(c);
}

}  // namespace sluice::http
