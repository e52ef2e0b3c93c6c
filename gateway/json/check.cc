// SPDX-License-Identifier: Apache-2.0
// check(): the one pass that sees every byte. A loop with the kinds of the open brackets in a bit field, so
// that nesting costs no stack. It may read padding, where every byte is either refused or behind the end.
#include <bit>

#include "gateway/json/blocks.h"
#include "gateway/json/scan.h"

namespace sluice::json {
namespace {

bool digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }

// The bytes of one well-formed UTF-8 sequence at `at` (RFC 3629), 0 if there is none.
unsigned utf8(const unsigned char* at) noexcept {
  auto follows = [](unsigned char c) { return (c & 0xC0U) == 0x80U; };
  unsigned char a = at[0];
  if (a < 0xC2) return 0;
  if (a < 0xE0) return follows(at[1]) ? 2 : 0;
  if (!follows(at[1]) || !follows(at[2])) return 0;
  if (a < 0xF0) {
    bool overlong = a == 0xE0 && at[1] < 0xA0, surrogate = a == 0xED && at[1] > 0x9F;
    return overlong || surrogate ? 0 : 3;
  }
  bool outside = a > 0xF4 || (a == 0xF0 && at[1] < 0x90) || (a == 0xF4 && at[1] > 0x8F);
  return outside || !follows(at[3]) ? 0 : 4;
}

class Checker {
 public:
  explicit Checker(std::string_view text) noexcept
      : begin_(text.data()), at_(text.data()), end_(text.data() + text.size()) {}

  std::optional<Fault> check() noexcept {
    space();
    if (at_ >= end_) return Fault{0, "the text is empty"};
    while (value()) {
      // Behind a value: close what ends here, go on to the next value of what does not.
      if (!more()) break;
    }
    if (fault_ || at_ > end_) return Fault{offset(), fault_ ? fault_ : "the text ends too early"};
    return std::nullopt;
  }

 private:
  std::size_t offset() const noexcept { return static_cast<std::size_t>((at_ < end_ ? at_ : end_) - begin_); }
  bool fail(const char* message) noexcept {
    // Whatever was found behind the end, the end is what is wrong.
    fault_ = at_ >= end_ ? "the text ends too early" : message;
    return false;
  }
  void space() noexcept {
    while (at_ < end_ && (*at_ == ' ' || *at_ == '\n' || *at_ == '\r' || *at_ == '\t')) ++at_;
  }

  bool in_object() const noexcept { return open_[(depth_ - 1) / 64] >> ((depth_ - 1) % 64) & 1; }
  bool enter(bool object) noexcept {
    if (depth_ == kDeepest) return fail("nested too deeply");
    std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = open_[depth_ / 64];
    word = object ? word | bit : word & ~bit;
    ++depth_;
    ++at_;
    space();
    return true;
  }

  // A value that is no container, or all that opens until there is one. False: a fault.
  bool value() noexcept {
    for (;;) {
      if (at_ >= end_) return fail("");
      switch (*at_) {
        case '{':
          if (!enter(true)) return false;
          if (*at_ == '}') return close();
          if (!key()) return false;
          continue;
        case '[':
          if (!enter(false)) return false;
          if (*at_ == ']') return close();
          continue;
        case '"':
          return string();
        case 't':
          return word("true", 4);
        case 'f':
          return word("false", 5);
        case 'n':
          return word("null", 4);
        default:
          return number();
      }
    }
  }
  bool close() noexcept {
    if (at_ >= end_) return fail("");
    ++at_;
    --depth_;
    return true;
  }
  // True: at another value. False: at the end of the text, or at a fault.
  bool more() noexcept {
    for (;;) {
      space();
      if (depth_ == 0) {
        if (at_ < end_) fail("something follows the value");
        return false;
      }
      if (at_ >= end_) return fail("");
      bool object = in_object();
      if (*at_ == ',') {
        ++at_;
        space();
        return !object || key();
      }
      if (*at_ != (object ? '}' : ']')) return fail(object ? "expected , or }" : "expected , or ]");
      close();
    }
  }
  bool key() noexcept {
    if (at_ >= end_ || *at_ != '"') return fail("expected a name in quotes");
    if (!string()) return false;
    space();
    if (at_ >= end_ || *at_ != ':') return fail("expected a colon");
    ++at_;
    space();
    return true;
  }

  bool string() noexcept {
    ++at_;
    for (;;) {
      unsigned special = Bytes16(at_).special();
      if (special == 0) {
        at_ += 16;
        if (at_ >= end_) return fail("");
        continue;
      }
      at_ += std::countr_zero(special);
      if (at_ >= end_) return fail("");
      if (*at_ == '"') {
        ++at_;
        return true;
      }
      if (*at_ == '\\') {
        if (!escape()) return false;
      } else if (!beyond_ascii()) {
        return false;
      }
    }
  }
  // Texts beyond ASCII come in runs: the next sixteen bytes are looked at only behind one.
  bool beyond_ascii() noexcept {
    if (static_cast<unsigned char>(*at_) < 0x20) return fail("a control character in a string");
    while (static_cast<unsigned char>(*at_) >= 0x80) {
      unsigned n = utf8(reinterpret_cast<const unsigned char*>(at_));
      if (n == 0) return fail("a string that is not UTF-8");
      at_ += n;
    }
    return at_ <= end_ || fail("");
  }
  bool escape() noexcept {
    constexpr std::string_view kSimple = "\"\\/bfnrt";
    if (at_ + 1 >= end_) {
      at_ = end_;
      return fail("");
    }
    if (kSimple.find(at_[1]) != std::string_view::npos) {
      at_ += 2;
      return true;
    }
    if (at_[1] != 'u') return fail("an unknown escape");
    if (end_ - at_ < 6) {
      at_ = end_;
      return fail("");
    }
    for (int i = 2; i < 6; ++i) {
      char c = static_cast<char>(at_[i] | 0x20);
      if (!digit(at_[i]) && !(c >= 'a' && c <= 'f')) return fail("\\u without four digits");
    }
    at_ += 6;
    return true;
  }

  bool word(const char* expected, std::size_t size) noexcept {
    if (static_cast<std::size_t>(end_ - at_) < size || std::memcmp(at_, expected, size) != 0)
      return fail("expected a value");
    at_ += size;
    return true;
  }
  bool digits() noexcept {
    if (at_ >= end_ || !digit(*at_)) return fail("not a number");
    while (at_ < end_ && digit(*at_)) ++at_;
    return true;
  }
  bool number() noexcept {
    if (*at_ != '-' && !digit(*at_)) return fail("expected a value");
    if (*at_ == '-') ++at_;
    if (at_ < end_ && *at_ == '0') {
      ++at_;
    } else if (!digits()) {
      return false;
    }
    if (at_ < end_ && *at_ == '.') {
      ++at_;
      if (!digits()) return false;
    }
    if (at_ < end_ && (*at_ | 0x20) == 'e') {
      ++at_;
      if (at_ < end_ && (*at_ == '+' || *at_ == '-')) ++at_;
      if (!digits()) return false;
    }
    return true;
  }

  const char* begin_;
  const char* at_;
  const char* end_;
  const char* fault_ = nullptr;
  unsigned depth_ = 0;
  std::uint64_t open_[kDeepest / 64] = {};
};

}  // namespace

std::optional<Fault> check(std::string_view text) noexcept { return Checker(text).check(); }

}  // namespace sluice::json
