// SPDX-License-Identifier: Apache-2.0
// The chunked transfer coding (RFC 9112 section 7.1), both ways, without I/O: ChunkedDecoder gives views of
// the body bytes within its input; the write functions frame what goes out. Used by the body readers and
// writers of h1/server and h1/client.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"
#include "gateway/http/fields.h"
#include "gateway/http/h1/head_scanner.h"

namespace sluice::http::h1 {

// Strict: hexadecimal size of at most 16 digits, CRLF only, no space around the size, extensions checked and
// ignored.
class ChunkedDecoder {
 public:
  // Bytes of one chunk's extensions.
  static constexpr std::size_t kMaxExtension = 1024;
  // Extension bytes that a message may send ahead of its body bytes: more extension than body is an attack.
  static constexpr std::size_t kMaxExtensionDebt = 16 * 1024;
  static constexpr std::size_t kMaxTrailers = 8 * 1024;  // bytes of the trailer section
  static constexpr std::size_t kMaxTrailerFields = 32;

  // What one call found.
  struct Step {
    std::size_t consumed = 0;  // bytes of the input that are dealt with, framing included
    std::span<const char>
        body;           // body bytes, a view into the input; may be empty although bytes were consumed
    bool done = false;  // the message is complete; what follows `consumed` belongs to the next one
  };

  // `trailers` receives the trailer section, copied into its arena; null: checked and thrown away. Fields
  // that must not be trailers (framing, routing, authentication, content description; RFC 9110 section 6.5.1)
  // are left out.
  explicit ChunkedDecoder(Message kind, Fields* trailers = nullptr) noexcept
      : trailers_(trailers), kind_(kind) {}

  // Call again with the bytes after `consumed`, until done; with everything consumed and not done, read more.
  // Progress is made on every call with a non-empty input. Errors: bad_request, header_too_large (trailers)
  // of a request; response_invalid of a response. Not to be called after done or an error.
  base::Result<Step> feed(std::span<const char> in);
  bool done() const noexcept { return state_ == State::done; }
  // Body bytes still to come of the chunk whose size was read last.
  std::uint64_t left() const noexcept { return left_; }

 private:
  enum class State : std::uint8_t { size, extension, size_lf, data, data_cr, data_lf, trailer, done };

  base::Result<const char*> framing(const char* p, const char* end);
  base::Result<void> step(char c);
  base::Result<void> size(char c);
  base::Result<void> extension(char c);
  base::Result<void> end_of_size();
  base::Result<const char*> trailer(const char* p, const char* end);
  base::Result<void> finish();
  base::Result<void> trailer_line(std::string_view line);
  base::Unexpected refuse(const char* what) const;

  Fields* trailers_;
  std::uint64_t left_ = 0;  // of the current chunk
  std::size_t debt_ = 0;
  std::size_t extension_ = 0;
  std::string section_;  // trailer lines so far; empty unless there are any
  State state_ = State::size;
  std::uint8_t digits_ = 0;
  bool blank_ = false;  // whitespace after the size: only allowed before ";"
  Message kind_;
};

inline constexpr std::size_t kMaxChunkHead = 18;  // 16 digits and CRLF
inline constexpr std::string_view kChunkEnd = "\r\n";
inline constexpr std::string_view kLastChunk = "0\r\n\r\n";

// "<size in hex>CRLF" for a chunk of `size` bytes, size not 0; out has room for kMaxChunkHead. Returns its
// length. kChunkEnd follows the bytes.
std::size_t write_chunk_head(char* out, std::uint64_t size) noexcept;
// Bytes that write_last_chunk needs at most.
std::size_t last_chunk_size(const Fields& trailers) noexcept;
// The last chunk with those of `trailers` that are allowed there. Returns the end.
char* write_last_chunk(char* out, const Fields& trailers) noexcept;

}  // namespace sluice::http::h1
