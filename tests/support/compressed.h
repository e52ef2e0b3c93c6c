// SPDX-License-Identifier: Apache-2.0
// Compressed texts, as services that compress send them.
#pragma once
#include <zlib.h>

#include <stdexcept>
#include <string>
#include <string_view>

namespace sluice::test {

enum class Wrapping : int { gzip = 15 + 16, zlib = 15, none = -15 };

inline std::string compressed(std::string_view text, Wrapping wrapping) {
  z_stream stream{};
  if (deflateInit2(&stream, Z_BEST_SPEED, Z_DEFLATED, static_cast<int>(wrapping), 8, Z_DEFAULT_STRATEGY) !=
      Z_OK)
    throw std::runtime_error("deflateInit2");
  std::string in(text), out(deflateBound(&stream, in.size()) + 64, '\0');
  stream.next_in = reinterpret_cast<Bytef*>(in.data());
  stream.avail_in = static_cast<uInt>(in.size());
  stream.next_out = reinterpret_cast<Bytef*>(out.data());
  stream.avail_out = static_cast<uInt>(out.size());
  int said = deflate(&stream, Z_FINISH);
  out.resize(out.size() - stream.avail_out);
  deflateEnd(&stream);
  if (said != Z_STREAM_END) throw std::runtime_error("deflate");
  return out;
}

}  // namespace sluice::test
