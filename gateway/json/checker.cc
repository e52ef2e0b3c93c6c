// SPDX-License-Identifier: Apache-2.0
#include "gateway/json/checker.h"

#include <utility>

namespace sluice::json {
namespace {

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

}  // namespace

const char* Checker::fail(const char* at, const char* message) noexcept {
  // Whatever was found behind the end, the end is what is wrong.
  bool over = at >= end_;
  fault_ = over ? "the text ends too early" : message;
  offset_ = static_cast<std::size_t>((over ? end_ : at) - begin_);
  return nullptr;
}

// The name at `quote`, which container() meets for the first time.
[[gnu::always_inline]] inline bool Checker::reads(const char*& at, const char* from, const char* comma,
                                                  const char* quote, Seams::Way& way, Seam*& last) noexcept {
  if (!Seams::remembers(way)) {
    const char *behind = nullptr, *colon = nullptr;
    return (at = behind_name(quote, behind, colon)) != nullptr;
  }
  Seams::Way outer = std::exchange(way_, way);
  at = name(from, comma, quote);
  way = std::exchange(way_, outer);
  last = last_;
  return at != nullptr;
}

// Goes on behind a member, or behind the {, as long as the next one was met before and has no rule.
[[gnu::always_inline]] inline bool Checker::meets(const char*& at, Seams::Way& way, Seam*& last) noexcept {
  const char* from = at;
  Seam* seam = seams_.next(way, at);
  if (seam) {
    last = seam;
    at = space(at + seam->size);  // there may be more space than there was
    if (seam->rule == 0) return true;
  }
  way_ = way;
  last_ = last;
  met_ = seam;
  from_ = from;
  return false;
}

const char* Checker::container(const char* at) noexcept { return run<false>(at); }
const char* Checker::members(const char* at) noexcept { return run<true>(at); }

// One loop with all that it needs in registers: through memory each bracket would take as long as it takes to
// read back what has just been written. `kMembers`: for members(), else for container().
template <bool kMembers>
[[gnu::always_inline]] inline const char* Checker::run(const char* at) noexcept {
  const unsigned around = depth_;
  unsigned depth = depth_;
  bool in_object = false;
  Seams::Way way = way_;
  Seam* last = last_;
  if (kMembers && !meets(at, way, last)) return at;
  for (;;) {
    // At a value.
    bool closes = false;
    if (at >= end_) return fail(at, "");
    switch (*at) {
      case '{':
        if (depth == kDeepest) return fail(at, "nested too deeply");
        kinds_[++depth] = in_object = true;
        seams_.open(way, depth, 0);
        if (Seam* seam = seams_.next(way, ++at)) {
          last = seam;
          at = space(at + seam->size);
          continue;
        }
        if (const char* behind = space(at); *behind == '}') {
          at = behind;
          closes = true;
          break;
        } else if (!reads(at, at, behind, behind, way, last)) {
          return at;
        }
        continue;
      case '[':
        if (depth == kDeepest) return fail(at, "nested too deeply");
        kinds_[++depth] = in_object = false;
        at = space(at + 1);
        closes = *at == ']';
        if (!closes) continue;
        break;
      default:
        at = scalar(at, *last);
    }
    if (!at) [[unlikely]]
      return at;
    // Behind it: close what ends here, go on to the next value of what does not.
    for (;; closes = true) {
      if (closes) [[unlikely]] {
        if (at >= end_) return fail(at, "");
        if (in_object) seams_.close(way, depth);
        in_object = kinds_[--depth];
        ++at;
      }
      if (depth == around) {
        if (!kMembers || !meets(at, way, last)) return at;
        break;
      }
      if (in_object)
        if (Seam* seam = seams_.next(way, at)) {
          last = seam;
          at = space(at + seam->size);
          break;
        }
      const char* behind = at;
      at = space(at);
      if (at >= end_) return fail(at, "");
      if (*at == ',') {
        const char* comma = at;
        at = space(at + 1);
        if (in_object && !reads(at, behind, comma, at, way, last)) return at;
        break;
      }
      if (*at != (in_object ? '}' : ']')) return fail(at, in_object ? "expected , or }" : "expected , or ]");
    }
  }
}

// At the value of the member whose name begins at `quote`; its seam goes from `from`.
const char* Checker::name(const char* from, const char* comma, const char* quote) noexcept {
  const char *behind = nullptr, *colon = nullptr;
  const char* at = behind_name(quote, behind, colon);
  if (!at) return at;
  auto offset = [from](const char* p) { return static_cast<std::uint32_t>(p - from); };
  last_ = &seams_.read(way_, from, static_cast<std::size_t>(at - from));
  last_->size = offset(at);
  last_->comma = offset(comma);
  last_->name = offset(quote);
  last_->behind_name = offset(behind);
  last_->colon = offset(colon);
  last_->rule = last_->value = 0;
  return at;
}

// Inside a string.
const char* Checker::string_from(const char* at) noexcept {
  for (;;) {
    if (at >= end_) return fail(at, "");
    unsigned special = Bytes16(at).special();
    if (special == 0) {
      at += 16;
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
const char* Checker::beyond_ascii(const char* at) noexcept {
  if (static_cast<unsigned char>(*at) < 0x20) return fail(at, "a control character in a string");
  while (at < end_ && static_cast<unsigned char>(*at) >= 0x80) {
    unsigned n = utf8(reinterpret_cast<const unsigned char*>(at));
    if (n == 0) return fail(at, "a string that is not UTF-8");
    at += n;
  }
  return at <= end_ ? at : fail(at, "");
}

const char* Checker::escape(const char* at) noexcept {
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

// What may follow the whole part of a number.
const char* Checker::fraction(const char* at) noexcept {
  if (at < end_ && *at == '.') {
    at = digits(at + 1);
    if (!at) return at;
  }
  if (at < end_ && (*at | 0x20) == 'e') {
    ++at;
    if (at < end_ && (*at == '+' || *at == '-')) ++at;
    return digits(at);
  }
  return at;
}

}  // namespace sluice::json
