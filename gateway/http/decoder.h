// SPDX-License-Identifier: Apache-2.0
// Decoder: bytes out of a content coding, piece by piece, as services and clients send them: whatever comes,
// it says what is wrong and takes no more memory than the coding's window (8 MiB for zstd as RFC 9659 has it,
// 16 MiB for br). How much may come out is for its users to watch: a byte can stand for a thousand.
#pragma once
#include <cstdint>
#include <memory>
#include <span>

#include "gateway/http/coding.h"

namespace sluice::http {

class Decoder {
 public:
  enum class Fault : std::uint8_t {
    none,
    damaged,   // that is not in this coding
    trailing,  // there is something behind its end
  };
  struct Progress {
    std::size_t taken = 0;  // bytes of the input
    std::size_t made = 0;   // bytes of the output
    Fault fault = Fault::none;
  };
  virtual ~Decoder() = default;
  // Call again with the rest of the input until all was taken and `out` was not filled. After a fault it is
  // of no use. Members of gzip and frames of zstd that follow one another are read as one.
  virtual Progress decode(std::span<const char> in, std::span<char> out) noexcept = 0;
  // May what has been read end here? Nothing at all may.
  virtual bool complete() const noexcept = 0;
};

// Null for identity and for codings that we do not know.
std::unique_ptr<Decoder> make_decoder(Coding coding);

}  // namespace sluice::http
