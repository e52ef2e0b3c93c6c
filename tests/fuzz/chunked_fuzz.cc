// SPDX-License-Identifier: Apache-2.0
// Chunked bodies: the same verdict, body and end however the bytes arrive, and what is decoded can be encoded
// and decoded again.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>

#include "gateway/base/assert.h"
#include "gateway/http/h1/chunked.h"
#include "gateway/http/semantics.h"

namespace sluice {
namespace {

struct Decoded {
  bool failed = false;
  bool done = false;
  std::size_t consumed = 0;
  std::string body;
  std::string trailers;
};

Decoded decode(std::span<const char> in, std::size_t piece) {
  base::Arena arena;
  http::Fields trailers(arena);
  http::h1::ChunkedDecoder decoder(http::h1::Message::request, &trailers);
  Decoded d;
  while (d.consumed < in.size() && !d.done) {
    auto part = in.subspan(d.consumed, std::min(piece, in.size() - d.consumed));
    auto step = decoder.feed(part);
    if (!step) {
      d.failed = true;
      return d;
    }
    SLUICE_ASSERT(step->consumed > 0 && step->consumed <= part.size());
    if (!step->body.empty()) {
      SLUICE_ASSERT(step->body.data() >= part.data());
      SLUICE_ASSERT(step->body.data() + step->body.size() <= part.data() + step->consumed);
    }
    d.body.append(step->body.data(), step->body.size());
    d.consumed += step->consumed;
    d.done = step->done;
  }
  for (const http::Field& f : trailers.lines()) {
    SLUICE_ASSERT(http::valid_field_name(f.name) && http::valid_field_value(f.value));
    SLUICE_ASSERT(http::allowed_in_trailers(f.name));
    d.trailers.append(f.name).append(":").append(f.value).append("\n");
  }
  return d;
}

std::string encode(std::string_view body) {
  std::string out;
  for (std::size_t at = 0; at < body.size(); at += 100) {
    std::string_view piece = body.substr(at, 100);
    char head[http::h1::kMaxChunkHead];
    out.append(head, http::h1::write_chunk_head(head, piece.size()));
    out.append(piece).append(http::h1::kChunkEnd);
  }
  return out.append(http::h1::kLastChunk);
}

}  // namespace
}  // namespace sluice

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  std::span<const char> in(reinterpret_cast<const char*>(data), size);
  Decoded whole = decode(in, size + 1);
  for (std::size_t piece : {1U, 2U, 7U}) {
    Decoded pieces = decode(in, piece);
    SLUICE_ASSERT(pieces.failed == whole.failed);
    if (whole.failed) continue;  // how much of the body came out before the error may differ
    SLUICE_ASSERT(pieces.done == whole.done && pieces.consumed == whole.consumed);
    SLUICE_ASSERT(pieces.body == whole.body && pieces.trailers == whole.trailers);
  }
  if (!whole.done) return 0;
  std::string again = encode(whole.body);
  Decoded second = decode(again, again.size());
  SLUICE_ASSERT(second.done && second.body == whole.body && second.consumed == again.size());
  return 0;
}
