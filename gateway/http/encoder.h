// SPDX-License-Identifier: Apache-2.0
// Encoder: bytes into a content coding, piece by piece. Memory is bounded whatever is encoded: about 256 KiB
// for gzip, 1 to 2 MiB for the others, less for short content. Contexts of gzip and zstd are kept by each
// thread for the next one. Used by filters that compress.
#pragma once
#include <cstdint>
#include <memory>
#include <optional>
#include <span>

#include "gateway/http/coding.h"

namespace sluice::http {

// What is to become of the bytes that were taken: kept until it is worth it, given so far that a decoder can
// read all of them, or brought to the end.
enum class Push : std::uint8_t { none, flush, finish };

class Encoder {
 public:
  struct Progress {
    std::size_t taken = 0;  // bytes of the input
    std::size_t made = 0;   // bytes of the output
    bool done = false;      // all was taken, and what `push` asks for has been given
  };
  virtual ~Encoder() = default;
  // Call again with the rest of the input, and the same `push`, until it is done. `out` has some bytes: at
  // least 64.
  virtual Progress encode(std::span<const char> in, std::span<char> out, Push push) noexcept = 0;
  virtual Coding coding() const noexcept = 0;
};

struct ReturnEncoder {
  void operator()(Encoder* encoder) const noexcept;
};
// Belongs to the thread that made it.
using EncoderPtr = std::unique_ptr<Encoder, ReturnEncoder>;

// The range of an encoder's levels, from the fastest to the smallest.
struct Levels {
  int least, most, usual;
};
constexpr Levels levels(Coding coding) noexcept {
  if (coding == Coding::br) return {0, 11, 4};
  return coding == Coding::zstd ? Levels{1, 19, 3} : Levels{1, 9, 6};
}

// Of gzip, br or zstd. `length`: of the whole content, if that is known; a hint.
EncoderPtr make_encoder(Coding coding, int level, std::optional<std::uint64_t> length);

}  // namespace sluice::http
