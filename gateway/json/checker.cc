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

// Behind the name at `quote`, which run() meets for the first time. Inlined: see Way.
[[gnu::always_inline]] inline const char* Checker::reads(const char* from, const char* comma,
                                                         const char* quote, Seams::Way& way,
                                                         Seam*& last) noexcept {
  if (!Seams::remembers(way)) {
    const char *behind = nullptr, *colon = nullptr;
    return behind_name(quote, behind, colon);
  }
  Seams::Way outer = std::exchange(way_, way);
  const char* at = name(from, comma, quote);
  way = std::exchange(way_, outer);
  last = last_;
  return at;
}

const char* Checker::container(const char* at) noexcept { return run<false>(at); }
const char* Checker::members(const char* at) noexcept { return run<true>(at); }

// Goes on over the members of an object, behind its { (`first`) or a value. True: at a bracket that opens.
// Else at the } or null after a fault. `kOwn`: of the object that members() is about, and only as far as that
// passes over them.
template <bool kOwn>
[[gnu::always_inline]] inline bool Checker::goes_on(const char*& at, bool first, Seams::Way& way,
                                                    Seam*& last) noexcept {
  for (;; first = false) {
    const char* from = at;
    if (Seam* seam = seams_.next(way, at)) [[likely]] {
      last = seam;
      at += seam->size;
      if (kOwn && seam->rule != 0) {
        at = space(at);
        if (at >= end_) return none(at, fail(at, "")) != nullptr;
        met_ = seam;
        from_ = from;
        return false;
      }
    } else if (kOwn) {
      met_ = nullptr;
      from_ = from;
      return false;
    } else {
      const char* comma = at = space(at);
      if (at >= end_) return none(at, fail(at, "")) != nullptr;
      if (*at == '}') return false;
      if (!first && *at != ',') return none(at, fail(at, "expected , or }")) != nullptr;
      at = reads(from, comma, first ? at : space(at + 1), way, last);
      if (!at) return false;
    }
    if (*at == '"' || starts_number(*at)) {
      at = scalar(at, *last);
    } else {
      at = space(at);  // there may be more than there was
      if (at >= end_) return none(at, fail(at, "")) != nullptr;
      if (*at == '{' || *at == '[') return true;
      at = scalar(at, *last);
    }
    if (!at) [[unlikely]]
      return false;
  }
}

// The same for the items of an array.
[[gnu::always_inline]] inline bool Checker::goes_on(const char*& at, bool first, Seam* last) noexcept {
  for (;; first = false) {
    if (!first) {
      if (*at != ',') {
        at = space(at);
        if (at >= end_) return none(at, fail(at, "")) != nullptr;
        if (*at == ']') return false;
        if (*at != ',') return none(at, fail(at, "expected , or ]")) != nullptr;
      }
      ++at;
    }
    if (*at == '"' || starts_number(*at)) {
      at = scalar(at, *last);
    } else {
      at = space(at);
      if (at >= end_) return none(at, fail(at, "")) != nullptr;
      if (*at == '{' || *at == '[') return true;
      if (first && *at == ']') return false;
      at = scalar(at, *last);
    }
    if (!at) [[unlikely]]
      return false;
  }
}

// One loop with all that it needs in registers: through memory each bracket would take as long as it takes to
// read back what has just been written. `kMembers`: for members(), else for container().
template <bool kMembers>
[[gnu::always_inline]] inline const char* Checker::run(const char* at) noexcept {
  const unsigned around = depth_;
  unsigned depth = depth_;
  bool in_object = kMembers;
  Seams::Way way = way_;
  Seam* last = last_;
  bool opens = !kMembers;
  bool first = false;
  for (;;) {
    if (opens) {
      if (depth == kDeepest) return fail(at, "nested too deeply");
      kinds_[++depth] = in_object = *at == '{';
      if (in_object) seams_.open(way, depth, 0);
      first = true;
      ++at;
    }
    if (kMembers && depth == around) {
      opens = goes_on<true>(at, false, way, last);
      if (!opens) {
        way_ = way;
        last_ = last;
        return at;
      }
      continue;
    }
    opens = in_object ? goes_on<false>(at, first, way, last) : goes_on(at, first, last);
    if (opens) continue;
    if (!at) [[unlikely]]
      return at;
    if (in_object) seams_.close(way, depth);
    in_object = kinds_[--depth];
    first = false;
    ++at;
    if (!kMembers && depth == around) return at;
  }
}

// At the value of the member whose name begins at `quote`; its seam goes from `from`.
const char* Checker::name(const char* from, const char* comma, const char* quote) noexcept {
  const char *behind = nullptr, *colon = nullptr;
  const char* at = behind_name(quote, behind, colon);
  if (!at) return at;
  auto offset = [from](const char* p) { return static_cast<std::uint32_t>(p - from); };
  last_ = &seams_.read(way_, from, static_cast<std::size_t>(at - from));
  last_->is_as_long_as(offset(at));
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
