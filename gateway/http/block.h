// SPDX-License-Identifier: Apache-2.0
// Block: sixteen bytes of text looked at in one step, which is what makes reading heads cheap. Used by the
// parsers of this layer to find the next byte that matters; it knows nothing of HTTP. Written with vector
// types that g++ and clang compile for any CPU; only how lanes become bits is different on x86. Never reads a
// byte outside of the text.
#pragma once
#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>

#if defined(__SSE2__)
#include <emmintrin.h>
#endif

namespace sluice::http {

using Block = unsigned char __attribute__((vector_size(16)));  // also truth: a lane is 0xFF or 0
inline constexpr std::size_t kBlock = sizeof(Block);

inline Block every(char c) noexcept { return Block{} + static_cast<unsigned char>(c); }
inline Block equal(Block v, char c) noexcept { return reinterpret_cast<Block>(v == every(c)); }
// From `low` to `high`, both included, without a sign.
inline Block between(Block v, char low, char high) noexcept {
  return reinterpret_cast<Block>((v - every(low)) <= every(static_cast<char>(high - low)));
}

// What ends or spoils a line of a head: controls except TAB, and DEL (RFC 9110 section 5.5).
inline Block control(Block v) noexcept { return (between(v, 0, 0x1F) & ~equal(v, '\t')) | equal(v, 0x7F); }
inline Block letter_or_digit(Block v) noexcept {
  return between(v | every(0x20), 'a', 'z') | between(v, '0', '9');
}

inline Block load(const char* p) noexcept {
  Block v;
  std::memcpy(&v, p, sizeof(v));
  return v;
}

// `n` bytes, fewer than sixteen, then zeros. Two words that overlap, shifted so that equal bytes meet.
inline Block load_part(const char* p, std::size_t n) noexcept {
  if constexpr (std::endian::native != std::endian::little) {
    Block v{};
    std::memcpy(&v, p, n);
    return v;
  }
  using Words = std::uint64_t __attribute__((vector_size(16)));
  if (n >= 8) {
    std::uint64_t front, back;
    std::memcpy(&front, p, 8);
    std::memcpy(&back, p + n - 8, 8);
    return reinterpret_cast<Block>(Words{front, back >> 8 >> (8 * (15 - n))});
  }
  if (n >= 4) {
    std::uint32_t front, back;
    std::memcpy(&front, p, 4);
    std::memcpy(&back, p + n - 4, 4);
    return reinterpret_cast<Block>(Words{front | std::uint64_t{back} << (8 * (n - 4)), 0});
  }
  if (n == 0) return Block{};
  auto byte = [p](std::size_t i) { return std::uint64_t{static_cast<unsigned char>(p[i])} << (8 * i); };
  return reinterpret_cast<Block>(Words{byte(0) | byte(n / 2) | byte(n - 1), 0});
}

// One bit for each lane that is true, the first byte in the lowest; for CPUs that have no instruction for it.
inline std::uint32_t gather_bits(Block truth) noexcept {
  std::uint64_t words[2];
  std::memcpy(words, &truth, sizeof(truth));
  std::uint32_t bits = 0;
  for (unsigned i = 0; i < 2; ++i) {
    std::uint64_t w = words[i];
    if constexpr (std::endian::native != std::endian::little) w = __builtin_bswap64(w);
    // The top bits of the eight bytes, brought side by side into the highest byte.
    w = ((w & 0x8080808080808080U) >> 7) * 0x0102040810204080U;
    bits |= static_cast<std::uint32_t>(w >> 56) << (8 * i);
  }
  return bits;
}

inline std::uint32_t bits(Block truth) noexcept {
#if defined(__SSE2__)
  return static_cast<std::uint32_t>(_mm_movemask_epi8(reinterpret_cast<__m128i>(truth)));
#else
  return gather_bits(truth);
#endif
}

// The number of the lowest bit; there is one.
inline unsigned first_bit(std::uint32_t bits) noexcept {
  return static_cast<unsigned>(std::countr_zero(bits));
}

// The first byte of [p, end) in whose lane `wanted(block)` is true, or `end`.
template <class Wanted>
inline const char* find_first(const char* p, const char* end, Wanted wanted) noexcept {
  auto left = static_cast<std::size_t>(end - p);
  std::uint32_t found;
  if (left < kBlock) {
    found = bits(wanted(load_part(p, left))) & ((1U << left) - 1);
  } else {
    for (; left >= kBlock; p += kBlock, left -= kBlock)
      if ((found = bits(wanted(load(p)))) != 0) return p + first_bit(found);
    // The rest once more with what stands before it, which has none.
    found = bits(wanted(load(end - kBlock))) >> (kBlock - left);
  }
  return found ? p + first_bit(found) : end;
}

}  // namespace sluice::http
