// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/h1/chunked.h"

#include <algorithm>
#include <cstring>
#include <limits>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"
#include "gateway/http/h1/writer.h"
#include "gateway/http/hop_by_hop.h"
#include "gateway/http/semantics.h"

namespace sluice::http::h1 {
namespace {

using base::Reason;

constexpr int kMaxDigits = 16;

}  // namespace

base::Unexpected ChunkedDecoder::refuse(const char* what) const {
  return base::fail(kind_ == Message::request ? Reason::bad_request : Reason::response_invalid, what);
}

// Framing up to body bytes, those body bytes, and framing after them up to the next ones.
base::Result<ChunkedDecoder::Step> ChunkedDecoder::feed(std::span<const char> in) {
  const char* const begin = in.data();
  const char* const end = begin + in.size();
  Step step;
  auto at = framing(begin, end);
  if (!at) return std::move(at).unexpected();
  const char* p = *at;
  if (state_ == State::data && p != end) {
    auto n = static_cast<std::size_t>(std::min<std::uint64_t>(left_, static_cast<std::uint64_t>(end - p)));
    step.body = {p, n};
    left_ -= n;
    p += n;
    if (left_ == 0) {
      state_ = State::data_cr;
      at = framing(p, end);
      if (!at) return std::move(at).unexpected();
      p = *at;
    }
  }
  step.consumed = static_cast<std::size_t>(p - begin);
  step.done = state_ == State::done;
  return step;
}

// Reads until body bytes begin, the message ends or the input does. Returns where it stopped.
base::Result<const char*> ChunkedDecoder::framing(const char* p, const char* end) {
  while (p != end && state_ != State::data && state_ != State::done) {
    if (state_ == State::trailer) {
      auto at = trailer(p, end);
      if (!at) return at;
      p = *at;
      continue;
    }
    auto ok = step(*p++);
    if (!ok) return std::move(ok).unexpected();
  }
  return p;
}

base::Result<void> ChunkedDecoder::step(char c) {
  switch (state_) {
    case State::size:
      return size(c);
    case State::extension:
      return extension(c);
    case State::size_lf:
      if (c != '\n') return refuse("a carriage return without a line feed after a chunk size");
      return end_of_size();
    case State::data_cr:
      if (c != '\r') return refuse("a chunk is longer than its size says");
      state_ = State::data_lf;
      return {};
    case State::data_lf:
      if (c != '\n') return refuse("a chunk does not end with CRLF");
      state_ = State::size;
      return {};
    case State::data:
    case State::trailer:
    case State::done:
      break;
  }
  return {};
}

base::Result<void> ChunkedDecoder::size(char c) {
  int digit = base::hex_value(c);
  if (digit >= 0 && !blank_) {
    if (++digits_ > kMaxDigits) return refuse("a chunk size of more than 16 digits");
    left_ = left_ << 4 | static_cast<unsigned>(digit);
    return {};
  }
  if (digits_ == 0) return refuse("a chunk size without a digit");
  if (c == '\r' && !blank_) {
    state_ = State::size_lf;
  } else if (c == ';') {
    state_ = State::extension;
    ++extension_;
  } else if (c == ' ' || c == '\t') {
    blank_ = true;
    if (++extension_ > kMaxExtension) return refuse("chunk extensions are too long");
  } else {
    return refuse("a chunk size is not a hexadecimal number");
  }
  return {};
}

base::Result<void> ChunkedDecoder::extension(char c) {
  if (c == '\r') {
    state_ = State::size_lf;
    return {};
  }
  if (is_control_but_tab(c)) return refuse("a control character in a chunk extension");
  if (++extension_ > kMaxExtension) return refuse("chunk extensions are too long");
  return {};
}

base::Result<void> ChunkedDecoder::end_of_size() {
  if (left_ > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
    return refuse("a chunk size is too large");
  // Body bytes pay for extension bytes; a message that consists of extensions runs out of credit.
  debt_ += extension_;
  debt_ -= static_cast<std::size_t>(std::min<std::uint64_t>(debt_, left_));
  if (debt_ > kMaxExtensionDebt) return refuse("more chunk extensions than body");
  extension_ = 0;
  digits_ = 0;
  blank_ = false;
  state_ = left_ != 0 ? State::data : State::trailer;
  return {};
}

// Collects the section up to its empty line; usually it is just that line, and then nothing is copied.
base::Result<const char*> ChunkedDecoder::trailer(const char* p, const char* end) {
  auto n = static_cast<std::size_t>(end - p);
  if (section_.empty() && n >= 2 && p[0] == '\r' && p[1] == '\n') {
    state_ = State::done;
    return p + 2;
  }
  const char* line_end = static_cast<const char*>(std::memchr(p, '\n', n));
  const char* next = line_end ? line_end + 1 : end;
  section_.append(p, next);
  if (section_.size() > kMaxTrailers)
    return base::fail(kind_ == Message::request ? Reason::header_too_large : Reason::response_invalid,
                      "the trailer section is too long");
  if (!line_end) return next;
  if (section_.size() < 2 || section_[section_.size() - 2] != '\r')
    return refuse("a line feed without a carriage return in the trailer section");
  if (section_ == "\r\n" || section_.ends_with("\r\n\r\n")) {
    auto ok = finish();
    if (!ok) return std::move(ok).unexpected();
    state_ = State::done;
  }
  return next;
}

base::Result<void> ChunkedDecoder::finish() {
  std::string_view rest(section_);
  for (std::size_t lines = 0; rest != "\r\n"; ++lines) {
    if (lines == kMaxTrailerFields)
      return base::fail(kind_ == Message::request ? Reason::header_too_large : Reason::response_invalid,
                        "too many trailer fields");
    auto end = rest.find("\r\n");
    auto ok = trailer_line(rest.substr(0, end));
    if (!ok) return ok;
    rest.remove_prefix(end + 2);
  }
  section_ = {};
  return {};
}

base::Result<void> ChunkedDecoder::trailer_line(std::string_view line) {
  auto colon = line.find(':');
  std::string_view name = line.substr(0, colon);
  if (colon == line.npos || !valid_field_name(name)) return refuse("a trailer field name is not a token");
  std::string_view value = base::trim(line.substr(colon + 1));
  if (!valid_field_value(value)) return refuse("a control character in a trailer field");
  if (!trailers_ || !allowed_in_trailers(name)) return {};
  base::Arena& arena = trailers_->arena();
  trailers_->add(arena.copy(name), arena.copy(value));
  return {};
}

std::size_t write_chunk_head(char* out, std::uint64_t size) noexcept {
  char text[kMaxDigits];
  char* first = text + kMaxDigits;
  for (; size != 0; size >>= 4) *--first = base::kHexDigits[size & 15];
  auto n = static_cast<std::size_t>(text + kMaxDigits - first);
  std::memcpy(out, first, n);
  std::memcpy(out + n, kChunkEnd.data(), kChunkEnd.size());
  return n + kChunkEnd.size();
}

std::size_t last_chunk_size(const Fields& trailers) noexcept {
  return kLastChunk.size() + lines_size(trailers);
}

char* write_last_chunk(char* out, const Fields& trailers) noexcept {
  out = std::copy_n("0\r\n", 3, out);
  for (const Field& line : trailers.lines())
    if (!line.dropped && allowed_in_trailers(line.name)) out = write_line(out, line.name, line.value);
  return std::copy(kChunkEnd.begin(), kChunkEnd.end(), out);
}

}  // namespace sluice::http::h1
