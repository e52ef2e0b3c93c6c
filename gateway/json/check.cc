// SPDX-License-Identifier: Apache-2.0
// check(): the one pass that sees every byte. A loop with the kinds of the open brackets in a bit field, so
// that nesting costs no stack. It may read padding, where every byte is either refused or behind the end.
#include <bit>

#include "gateway/json/blocks.h"
#include "gateway/json/path.h"
#include "gateway/json/text.h"

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

// Where the text goes on is passed from function to function, so that it stays in a register; null after a
// fault.
class Checker {
 public:
  Checker(std::string_view text, std::span<const PathStep> way) noexcept
      : begin_(text.data()), end_(text.data() + text.size()), way_(way) {}

  std::optional<Fault> check() noexcept {
    const char* at = space(begin_);
    if (at >= end_) return Fault{0, "the text is empty"};
    // Behind a value: close what ends here, go on to the next value of what does not.
    while ((at = value(at)) != nullptr)
      if ((at = more(at)) == nullptr) break;
    if (!fault_) return std::nullopt;
    return Fault{offset_, fault_};
  }
  // What stands at the end of the way.
  std::string_view found() const noexcept { return found_; }

 private:
  const char* fail(const char* at, const char* message) noexcept {
    // Whatever was found behind the end, the end is what is wrong.
    bool over = at >= end_;
    fault_ = over ? "the text ends too early" : message;
    offset_ = static_cast<std::size_t>((over ? end_ : at) - begin_);
    return nullptr;
  }
  const char* space(const char* at) const noexcept {
    if (static_cast<unsigned char>(*at) > ' ') return at;  // nearly always
    while (at < end_ && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    return at;
  }

  bool is_object(unsigned depth) const noexcept { return open_[(depth - 1) / 64] >> ((depth - 1) % 64) & 1; }
  const char* enter(const char* at, bool object) noexcept {
    if (depth_ == kDeepest) return fail(at, "nested too deeply");
    std::uint64_t bit = std::uint64_t{1} << (depth_ % 64);
    std::uint64_t& word = open_[depth_ / 64];
    word = object ? word | bit : word & ~bit;
    ++depth_;
    in_object_ = object;
    return space(at + 1);
  }

  // Behind a value that is no container, or behind all that opens until there is one.
  const char* value(const char* at) noexcept {
    while (at) {
      if (at >= end_) return fail(at, "");
      switch (*at) {
        case '{':
          if (at = enter(at, true); !at || *at == '}') return at ? close(at) : at;
          at = key(at);
          continue;
        case '[':
          if (at = enter(at, false); !at || *at == ']') return at ? close(at) : at;
          continue;
        case '"':
          return string(at);
        case 't':
          return word(at, "true", 4);
        case 'f':
          return word(at, "false", 5);
        case 'n':
          return word(at, "null", 4);
        default:
          return number(at);
      }
    }
    return nullptr;
  }
  const char* close(const char* at) noexcept {
    if (at >= end_) return fail(at, "");
    if (depth_ == matched_ + 1 && matched_ > 0) --matched_;
    --depth_;
    in_object_ = depth_ > 0 && is_object(depth_);
    return at + 1;
  }
  // At another value. Null at the end of the text, and at a fault.
  const char* more(const char* at) noexcept {
    for (;;) {
      if (wanted_ && depth_ == wanted_depth_) found_here(at);
      at = space(at);
      if (depth_ == 0) return at < end_ ? fail(at, "something follows the value") : nullptr;
      if (at >= end_) return fail(at, "");
      if (*at == ',') {
        at = space(at + 1);
        return in_object_ ? key(at) : at;
      }
      if (*at != (in_object_ ? '}' : ']'))
        return fail(at, in_object_ ? "expected , or }" : "expected , or ]");
      if (at = close(at); !at) return at;
    }
  }
  const char* key(const char* at) noexcept {
    if (at >= end_ || *at != '"') return fail(at, "expected a name in quotes");
    const char* quote = at;
    if (at = string(at); !at) return at;
    const char* behind = at;
    at = space(at);
    if (at >= end_ || *at != ':') return fail(at, "expected a colon");
    at = space(at + 1);
    if (depth_ == matched_ + 1 && matched_ < way_.size()) look(quote + 1, behind - 1, at);
    return at;
  }
  // A member where the way goes on: is it the one? Of several of one name the last counts.
  void look(const char* begin, const char* end, const char* value) noexcept {
    std::string_view raw(begin, static_cast<std::size_t>(end - begin));
    const std::string& name = way_[matched_].name;
    if (raw != name && !(raw.size() > name.size() && says(raw, name))) return;
    found_ = {};
    wanted_ = nullptr;
    if (matched_ + 1 == way_.size()) {
      wanted_ = value;
      wanted_depth_ = depth_;
    } else if (value < end_ && *value == '{') {
      ++matched_;
    }
  }
  void found_here(const char* end) noexcept {
    found_ = {wanted_, static_cast<std::size_t>(end - wanted_)};
    wanted_ = nullptr;
  }

  // `at` is the opening quote. Most strings are plain and short.
  const char* string(const char* at) noexcept {
    unsigned special = Bytes16(at + 1).special();
    const char* end = at + 1 + std::countr_zero(special | 0x10000U);
    return special != 0 && *end == '"' && end < end_ ? end + 1 : string_from(at + 1);
  }
  [[gnu::noinline]] const char* string_from(const char* at) noexcept {
    for (;;) {
      unsigned special = Bytes16(at).special();
      if (special == 0) {
        at += 16;
        if (at >= end_) return fail(at, "");
        continue;
      }
      at += std::countr_zero(special);
      if (at >= end_) return fail(at, "");
      if (*at == '"') return at + 1;
      at = *at == '\\' ? escape(at) : beyond_ascii(at);
      if (!at) return at;
    }
  }
  // Texts beyond ASCII come in runs: the next sixteen bytes are looked at only behind one.
  const char* beyond_ascii(const char* at) noexcept {
    if (static_cast<unsigned char>(*at) < 0x20) return fail(at, "a control character in a string");
    while (static_cast<unsigned char>(*at) >= 0x80) {
      unsigned n = utf8(reinterpret_cast<const unsigned char*>(at));
      if (n == 0) return fail(at, "a string that is not UTF-8");
      at += n;
    }
    return at <= end_ ? at : fail(at, "");
  }
  const char* escape(const char* at) noexcept {
    constexpr std::string_view kSimple = "\"\\/bfnrt";
    if (at + 1 >= end_) return fail(end_, "");
    if (kSimple.find(at[1]) != std::string_view::npos) return at + 2;
    if (at[1] != 'u') return fail(at, "an unknown escape");
    if (end_ - at < 6) return fail(end_, "");
    for (int i = 2; i < 6; ++i) {
      char c = static_cast<char>(at[i] | 0x20);
      if (!digit(at[i]) && !(c >= 'a' && c <= 'f')) return fail(at, "\\u without four digits");
    }
    return at + 6;
  }

  const char* word(const char* at, const char* expected, std::size_t size) noexcept {
    bool there = static_cast<std::size_t>(end_ - at) >= size && std::memcmp(at, expected, size) == 0;
    return there ? at + size : fail(at, "expected a value");
  }
  const char* digits(const char* at) noexcept {
    if (at >= end_ || !digit(*at)) return fail(at, "not a number");
    while (at < end_ && digit(*at)) ++at;
    return at;
  }
  const char* number(const char* at) noexcept {
    if (*at != '-' && !digit(*at)) return fail(at, "expected a value");
    if (*at == '-') ++at;
    if (at < end_ && *at == '0') {
      ++at;
    } else if (at = digits(at); !at) {
      return at;
    }
    if (at < end_ && *at == '.' && !(at = digits(at + 1))) return at;
    if (at < end_ && (*at | 0x20) == 'e') {
      ++at;
      if (at < end_ && (*at == '+' || *at == '-')) ++at;
      return digits(at);
    }
    return at;
  }

  const char* begin_;
  const char* end_;
  const char* fault_ = nullptr;
  std::size_t offset_ = 0;
  std::span<const PathStep> way_;  // names
  std::size_t matched_ = 0;        // of them lead to where we are
  const char* wanted_ = nullptr;   // the value at the end of the way, until it ends
  std::string_view found_;
  unsigned wanted_depth_ = 0, depth_ = 0;
  bool in_object_ = false;
  std::uint64_t open_[kDeepest / 64] = {};
};

}  // namespace

std::optional<Fault> check(std::string_view text) noexcept { return Checker(text, {}).check(); }

std::optional<Fault> check(std::string_view text, std::span<const PathStep> names,
                           std::string_view& found) noexcept {
  Checker checker(text, names);
  auto fault = checker.check();
  found = fault ? std::string_view() : checker.found();
  return fault;
}

}  // namespace sluice::json
