// SPDX-License-Identifier: Apache-2.0
#include "gateway/compose/coding.h"

#include <fmt/format.h>

#define ZLIB_CONST
#include <zlib.h>

#include "gateway/base/assert.h"
#include "gateway/base/strings.h"

namespace sluice::compose {
namespace {

// What zlib calls window bits: 15 of them, and which wrapping.
constexpr int kGzip = 15 + 16, kZlib = 15, kBare = -15;

class Inflater {
 public:
  explicit Inflater(int wrapping) : gzip_(wrapping == kGzip) {
    int begun = inflateInit2(&stream_, wrapping);
    SLUICE_ASSERT(begun == Z_OK);  // out of memory ends the process
  }
  Inflater(const Inflater&) = delete;
  ~Inflater() { inflateEnd(&stream_); }

  std::string run(std::string_view body, std::size_t most, json::Output& out) {
    stream_.next_in = reinterpret_cast<const Bytef*>(body.data());
    stream_.avail_in = static_cast<uInt>(body.size());
    Bytef piece[16 * 1024];
    for (std::size_t left = most;;) {
      stream_.next_out = piece;
      stream_.avail_out = sizeof piece;
      int said = inflate(&stream_, Z_NO_FLUSH);
      std::size_t size = sizeof piece - stream_.avail_out;
      if (size > left) return fmt::format("with more than {} bytes, decoded", most);
      left -= size;
      out << std::string_view(reinterpret_cast<const char*>(piece), size);
      if (said == Z_STREAM_END) {
        if (stream_.avail_in == 0) return {};
        // Members follow one another (RFC 1952 section 2.2).
        if (!gzip_ || inflateReset(&stream_) != Z_OK) return "with something behind the end of its coding";
        continue;
      }
      bool wants_more = stream_.avail_in == 0 && stream_.avail_out != 0;
      if (said == Z_BUF_ERROR || (said == Z_OK && wants_more)) return "with a coding that ends too early";
      if (said != Z_OK) return "with a coding that is damaged";
    }
  }

 private:
  z_stream stream_{};
  bool gzip_;
};

// "deflate" is zlib's wrapping of it (RFC 9110 section 8.4.1.2), but some have always sent it bare.
bool has_zlib_header(std::string_view body) noexcept {
  if (body.size() < 2) return false;
  auto a = static_cast<unsigned char>(body[0]), b = static_cast<unsigned char>(body[1]);
  return (a & 15U) == 8 && (a * 256U + b) % 31 == 0;
}

}  // namespace

std::string content_coding(const http::Fields& answer) {
  std::string out;
  for (const http::Field& f : answer.lines()) {
    if (f.dropped || f.id != http::FieldId::content_encoding || f.value.empty()) continue;
    if (base::equal_ignoring_case(f.value, "identity")) continue;
    out.append(out.empty() ? "" : ", ").append(f.value);
  }
  return out;
}

std::string decode(std::string_view coding, std::string_view body, std::size_t most, json::Output& out) {
  bool gzip = base::equal_ignoring_case(coding, "gzip") || base::equal_ignoring_case(coding, "x-gzip");
  if (!gzip && !base::equal_ignoring_case(coding, "deflate"))
    return fmt::format("with the content coding {}", coding);
  if (body.empty()) return {};
  return Inflater(gzip ? kGzip : has_zlib_header(body) ? kZlib : kBare).run(body, most, out);
}

}  // namespace sluice::compose
