// SPDX-License-Identifier: Apache-2.0
// Checker: reads JSON once, from front to back, and sees every byte. Part of check.cc and shape.cc: whoever
// makes something of a text goes through it here, member by member, and leaves the values that need nothing
// to value(). The kinds of the open brackets are in a field, so that nesting costs no stack. It may read
// padding, where every byte is either refused or behind the end.
//
// Where the text goes on is passed from function to function, so that it stays in a register; null after a
// fault.
#pragma once
#include <bit>
#include <span>

#include "gateway/json/blocks.h"
#include "gateway/json/path.h"
#include "gateway/json/seams.h"
#include "gateway/json/text.h"

namespace sluice::json {

class Checker {
 public:
  // `checked`: the text is known to be JSON, and values are skipped.
  explicit Checker(std::string_view text, bool checked = false) noexcept
      : begin_(text.data()),
        end_(text.data() + text.size()),
        checked_(checked),
        seams_(text.data(), text.data() + text.size()) {
    kinds_[0] = false;
  }

  // One value of JSON and nothing else: `at_value(at)` gets where it begins and gives where it ends.
  template <class AtValue>
  std::optional<Fault> whole(AtValue&& at_value) {
    const char* at = space(begin_);
    if (at >= end_) return Fault{0, "the text is empty"};
    at = at_value(at);
    if (at) at = space(at);
    if (at && at < end_) fail(at, "something follows the value");
    if (!fault_) return std::nullopt;
    return Fault{offset_, fault_};
  }

  // Behind the value that begins at `at`.
  const char* value(const char* at) noexcept {
    if (checked_) return skip_value(at);
    return *at == '{' || *at == '[' || at >= end_ ? container(at) : scalar(at, *last_);
  }

  // --- for who goes through an object or an array by itself

  // `at` is an opening bracket. `owner`: see Seams; not 0. Null: too deep.
  [[gnu::always_inline]] const char* open(const char* at, std::uint32_t owner) noexcept {
    if (depth_ == kDeepest) return fail(at, "nested too deeply");
    kinds_[++depth_] = *at == '{';
    if (kinds_[depth_]) seams_.open(way_, depth_, owner);
    return at + 1;
  }
  // The seam of the next member that has a rule, where `at` is behind the { (`first`) or behind the value
  // before; it becomes where the member's value begins. Members that have none are passed over, up to `from`,
  // where the seam begins. Null: there is no more, and `at` is behind the }, or null. `rule_of(name)` is what
  // is to be remembered of the name as it is written, 0 for no rule. Holds until the next seam is read.
  // Inlined, as item() is: `at` through memory would take longer than all the rest.
  template <class RuleOf>
  [[gnu::always_inline]] const Seam* member(const char*& at, bool first, const char*& from,
                                            RuleOf&& rule_of) {
    for (;; first = false) {
      const char* before = at;
      at = checked_ ? again(at) : members(at);
      from = from_;
      if (!at) [[unlikely]]
        return nullptr;
      if (!met_) {
        if (*at == '}') return none(at, close(at));
        at = read(at, first && from == before, rule_of);
        if (!at || !met_) return nullptr;
      }
      if (met_->rule != 0) [[likely]]
        return met_;
      if (at = value(at); !at) return nullptr;
    }
  }
  // Is there a next item? As for members, and `comma` is the one before it, unless it is the first.
  [[gnu::always_inline]] bool item(const char*& at, bool first, const char*& comma) noexcept {
    comma = at = space(at);
    if (!first && at >= end_) return none(at, fail(at, "")) != nullptr;
    if (*at == ']') return none(at, close(at)) != nullptr;
    if (first) return true;
    if (*at != ',') return none(at, fail(at, "expected , or ]")) != nullptr;
    at = space(at + 1);
    return true;
  }

 private:
  const char* fail(const char* at, const char* message) noexcept;
  static const Seam* none(const char*& at, const char* behind) noexcept {
    at = behind;
    return nullptr;
  }
  const char* space(const char* at) const noexcept {
    if (static_cast<unsigned char>(*at) > ' ') [[likely]]
      return at;
    while (at < end_ && (*at == ' ' || *at == '\n' || *at == '\r' || *at == '\t')) ++at;
    return at;
  }

  const char* close(const char* at) noexcept {
    if (at >= end_) return fail(at, "");
    if (kinds_[depth_]) seams_.close(way_, depth_);
    --depth_;
    return at + 1;
  }

  // Behind the next seam, if it was met before.
  [[gnu::noinline]] const char* again(const char* at) noexcept {
    Seam* seam = seams_.next(way_, at);
    met_ = seam;
    from_ = at;
    if (!seam) return at;
    last_ = seam;
    return space(at + seam->size);  // there may be more space than there was
  }
  // The same behind members without a rule whose seams were met before.
  [[gnu::noinline]] const char* members(const char* at) noexcept;
  // Behind the seam that is met for the first time.
  template <class RuleOf>
  [[gnu::noinline]] const char* read(const char* at, bool first, RuleOf&& rule_of) {
    const char* from = at;
    const char* comma = at = space(at);
    if (!first && at >= end_) return fail(at, "");
    if (*at == '}') return close(at);
    if (!first && *at != ',') return fail(at, "expected , or }");
    at = name(from, comma, first ? at : space(at + 1));
    if (!at) return nullptr;
    last_->rule = rule_of(std::string_view(from + last_->name + 1, last_->behind_name - last_->name - 2));
    met_ = last_;
    return at;
  }

  [[gnu::noinline]] const char* container(const char* at) noexcept;
  const char* reads(const char* from, const char* comma, const char* quote, Seams::Way& way,
                    Seam*& last) noexcept;
  template <bool kOwn>
  bool goes_on(const char*& at, bool first, Seams::Way& way, Seam*& last) noexcept;
  bool goes_on(const char*& at, bool first, Seam* last) noexcept;
  template <bool kMembers>
  const char* run(const char* at) noexcept;
  [[gnu::always_inline]] const char* scalar(const char* at, Seam& seam) noexcept {
    if (*at == '"') return as_long_as_the_last(at, string(at), seam);
    if (starts_number(*at)) return as_long_as_the_last(at, number(at), seam);
    return word(at);
  }
  // Takes no digit for something else; what is no number is found out by number().
  static bool starts_number(char c) noexcept { return static_cast<unsigned char>(c - '-') <= '9' - '-'; }
  const char* name(const char* from, const char* comma, const char* quote) noexcept;
  const char* behind_name(const char* quote, const char*& behind, const char*& colon) noexcept {
    if (quote >= end_ || *quote != '"') return fail(quote, "expected a name in quotes");
    if (behind = string(quote); !behind) return behind;
    colon = space(behind);
    return colon < end_ && *colon == ':' ? space(colon + 1) : fail(colon, "expected a colon");
  }
  // The same as `end`, by a guess where that is right: the processor then goes on from there while it still
  // looks for the end, which takes most of the time that a value takes.
  static const char* as_long_as_the_last(const char* begin, const char* end, Seam& seam) noexcept {
    if (!end) [[unlikely]]
      return end;
    auto size = static_cast<std::size_t>(end - begin);
    std::size_t guess = seam.value, again = guess;
    asm("" : "+r"(again));  // or else the compiler sees that there is nothing to guess
    if (size == guess) [[likely]] {
      asm volatile("");  // and makes it no conditional move, which waits for both
      return begin + again;
    }
    seam.value = static_cast<std::uint8_t>(size <= UINT8_MAX ? size : 0);
    return end;
  }

  // `at` is the opening quote. Most strings are plain and short.
  [[gnu::always_inline]] const char* string(const char* at) noexcept {
    ++at;
    unsigned special = Bytes16(at).special();
    if (special == 0) {
      at += 16;
      special = Bytes16(at).special() | 0x10000U;
    }
    const char* end = at + std::countr_zero(special);
    if (*end == '"' && end < end_) [[likely]]
      return end + 1;
    return string_from(end);
  }
  const char* string_from(const char* at) noexcept;
  const char* beyond_ascii(const char* at) noexcept;
  const char* escape(const char* at) noexcept;

  const char* word(const char* at) noexcept {
    auto says = [at](const char* four) { return std::memcmp(at, four, 4) == 0; };
    bool is_false = says("fals");
    bool there = says("true") || says("null") || (is_false && at[4] == 'e');
    const char* end = at + (is_false ? 5 : 4);
    return there && end <= end_ ? end : fail(at, "expected a value");
  }
  static bool digit(char c) noexcept { return static_cast<unsigned char>(c - '0') < 10; }
  const char* digits(const char* at) noexcept {
    if (at >= end_ || !digit(*at)) return fail(at, "not a number");
    for (;;) {
      auto n = static_cast<unsigned>(std::countr_zero(Bytes16(at).beyond_digits() | 0x10000U));
      at += n;
      if (n < 16 || at >= end_) return at < end_ ? at : end_;
    }
  }
  [[gnu::always_inline]] const char* number(const char* at) noexcept {
    // Most are short and whole.
    unsigned beyond = Bytes16(at).beyond_digits();
    const char* end = at + std::countr_zero(beyond);
    if (beyond != 0 && static_cast<unsigned char>(*at - '1') < 9 && end < end_) [[likely]]
      return *end == '.' || (*end | 0x20) == 'e' ? fraction(end) : end;
    return any_number(at);
  }
  [[gnu::noinline]] const char* any_number(const char* at) noexcept {
    if (*at == '-') {
      ++at;
    } else if (!digit(*at)) {
      return fail(at, "expected a value");
    }
    if (at < end_ && *at == '0') {
      ++at;
    } else if (at = digits(at); !at) {
      return at;
    }
    return *at == '.' || (*at | 0x20) == 'e' ? fraction(at) : at;
  }
  const char* fraction(const char* at) noexcept;

  const char* begin_;
  const char* end_;
  bool checked_;
  unsigned depth_ = 0;
  Seams seams_;
  // Of the innermost object that somebody goes through; value() leaves both as they were.
  Seams::Way way_ = seams_.outside();
  Seam* last_ = &seams_.other();  // the seam that was met last
  // What members(), again() and read() found: the seam, or null, and where it begins.
  const Seam* met_ = nullptr;
  const char* from_ = nullptr;
  const char* fault_ = nullptr;
  std::size_t offset_ = 0;
  bool kinds_[kDeepest + 1];  // by depth: is it an object?
};

}  // namespace sluice::json
