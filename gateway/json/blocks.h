// SPDX-License-Identifier: Apache-2.0
// Sixteen and sixty-four bytes of JSON at a time: part of scan.cc and of what checks. Masks have a bit for
// each byte, the first byte the lowest.
#pragma once
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::json {

#if defined(__SSE2__)
struct Bytes16 {
  __m128i v;
  explicit Bytes16(const char* at) noexcept : v(_mm_loadu_si128(reinterpret_cast<const __m128i*>(at))) {}
  static unsigned mask(__m128i m) noexcept { return static_cast<unsigned>(_mm_movemask_epi8(m)); }
  unsigned equal(char c) const noexcept { return mask(_mm_cmpeq_epi8(v, _mm_set1_epi8(c))); }
  // Bytes that are `c` once the bit 0x20 is set: both brackets of a kind.
  unsigned equal_with_20(char c) const noexcept {
    return mask(_mm_cmpeq_epi8(_mm_or_si128(v, _mm_set1_epi8(0x20)), _mm_set1_epi8(c)));
  }
  unsigned differ(const Bytes16& other) const noexcept { return mask(_mm_cmpeq_epi8(v, other.v)) ^ 0xFFFF; }
  // What is no digit.
  unsigned beyond_digits() const noexcept {
    // Signed: the digits become the ten greatest numbers, and of all bytes the highest bit counts.
    __m128i highest = _mm_add_epi8(v, _mm_set1_epi8(INT8_MAX - '9'));
    return mask(_mm_subs_epi8(highest, _mm_set1_epi8(INT8_MAX - 9)));
  }
  // What ends a run of plain characters of a string: quote, backslash, control characters, non-ASCII.
  [[gnu::always_inline]] unsigned special() const noexcept {
    __m128i quote = _mm_cmpeq_epi8(v, _mm_set1_epi8('"'));
    __m128i slash = _mm_cmpeq_epi8(v, _mm_set1_epi8('\\'));
    __m128i other = _mm_subs_epi8(v, _mm_set1_epi8(' '));  // signed: its highest bit is set for non-ASCII too
    return mask(_mm_or_si128(_mm_or_si128(quote, slash), other));
  }
};
#else
struct Bytes16 {
  unsigned char b[16];
  explicit Bytes16(const char* at) noexcept { std::memcpy(b, at, 16); }
  template <class F>
  unsigned where(F f) const noexcept {
    unsigned m = 0;
    for (unsigned i = 0; i < 16; ++i) m |= static_cast<unsigned>(f(b[i])) << i;
    return m;
  }
  unsigned equal(char c) const noexcept {
    return where([c](unsigned char x) { return x == static_cast<unsigned char>(c); });
  }
  unsigned equal_with_20(char c) const noexcept {
    return where([c](unsigned char x) { return (x | 0x20) == static_cast<unsigned char>(c); });
  }
  unsigned differ(const Bytes16& other) const noexcept {
    unsigned m = 0;
    for (unsigned i = 0; i < 16; ++i) m |= static_cast<unsigned>(b[i] != other.b[i]) << i;
    return m;
  }
  unsigned beyond_digits() const noexcept {
    return where([](unsigned char x) { return static_cast<unsigned char>(x - '0') >= 10; });
  }
  unsigned special() const noexcept {
    return where([](unsigned char x) { return x == '"' || x == '\\' || x < 0x20 || x >= 0x80; });
  }
};
#endif

// The masks of 64 bytes that tell what is inside strings and what brackets are outside.
struct Bytes64 {
  std::uint64_t quotes = 0, slashes = 0, opens = 0, closes = 0;
  explicit Bytes64(const char* at) noexcept {
    // Written out: g++ at -O2 leaves a loop here, with shifts by a variable.
    add<0>(at);
    add<16>(at);
    add<32>(at);
    add<48>(at);
  }

 private:
  template <unsigned kAt>
  void add(const char* at) noexcept {
    Bytes16 b(at + kAt);
    quotes |= std::uint64_t{b.equal('"')} << kAt;
    slashes |= std::uint64_t{b.equal('\\')} << kAt;
    opens |= std::uint64_t{b.equal_with_20('{')} << kAt;
    closes |= std::uint64_t{b.equal_with_20('}')} << kAt;
  }
};

// A bit is set from each set bit up to the byte before the next: between quotes.
inline std::uint64_t between(std::uint64_t x) noexcept {
  x ^= x << 1;
  x ^= x << 2;
  x ^= x << 4;
  x ^= x << 8;
  x ^= x << 16;
  return x ^ x << 32;
}

// Which bytes are escaped by a backslash. `carry`: whether the first byte is; updated for the next block.
inline std::uint64_t escaped(std::uint64_t slashes, std::uint64_t& carry) noexcept {
  if (slashes == 0) {
    std::uint64_t out = carry;
    carry = 0;
    return out;
  }
  constexpr std::uint64_t kEven = 0x5555555555555555;
  slashes &= ~carry;
  std::uint64_t follows = slashes << 1 | carry;
  std::uint64_t odd_starts = slashes & ~kEven & ~follows;
  std::uint64_t even_ends = odd_starts + slashes;
  carry = even_ends < slashes ? 1 : 0;
  return (kEven ^ (even_ends << 1)) & follows;
}

}  // namespace sluice::json
