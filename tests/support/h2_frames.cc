// SPDX-License-Identifier: Apache-2.0
#include "tests/support/h2_frames.h"

namespace sluice::test::h2 {
namespace {

// RFC 7541 section 5.1, with a prefix of `bits`.
std::string integer(std::size_t value, int bits, std::uint8_t first) {
  std::size_t limit = (std::size_t{1} << bits) - 1;
  std::string out;
  if (value < limit) return std::string(1, static_cast<char>(first | value));
  out += static_cast<char>(first | limit);
  for (value -= limit; value >= 128; value /= 128) out += static_cast<char>(value % 128 + 128);
  return out + static_cast<char>(value);
}

std::string text(std::string_view bytes) { return integer(bytes.size(), 7, 0) + std::string(bytes); }

}  // namespace

std::string number(std::uint64_t value, int bytes) {
  std::string out;
  for (int i = bytes - 1; i >= 0; --i) out += static_cast<char>(value >> (8 * i) & 0xFF);
  return out;
}

std::string frame_head(std::size_t length, std::uint8_t type, std::uint8_t flags, std::uint32_t stream) {
  return number(length, 3) + static_cast<char>(type) + static_cast<char>(flags) + number(stream, 4);
}

std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload) {
  return frame_head(payload.size(), type, flags, stream) + std::string(payload);
}

std::string block(const std::vector<Line>& lines) {
  std::string out;
  for (const Line& line : lines) out += std::string(1, '\0') + text(line.name) + text(line.value);
  return out;
}

std::string headers(std::uint32_t stream, const std::vector<Line>& lines, bool end_stream) {
  constexpr std::size_t kMax = 16384;
  std::string all = block(lines);
  std::uint8_t end = end_stream ? kEndStream : kNoFlag;
  if (all.size() <= kMax) return frame(kHeaders, end | kEndHeaders, stream, all);
  std::string out = frame(kHeaders, end, stream, std::string_view(all).substr(0, kMax));
  for (std::size_t at = kMax; at < all.size(); at += kMax) {
    bool last = at + kMax >= all.size();
    out += frame(kContinuation, last ? kEndHeaders : kNoFlag, stream, std::string_view(all).substr(at, kMax));
  }
  return out;
}

std::string data(std::uint32_t stream, std::string_view bytes, bool end_stream) {
  return frame(kData, end_stream ? kEndStream : kNoFlag, stream, bytes);
}

std::string reset(std::uint32_t stream, std::uint32_t code) {
  return frame(kReset, 0, stream, number(code, 4));
}

std::string window_update(std::uint32_t stream, std::uint32_t increment) {
  return frame(kWindowUpdate, 0, stream, number(increment, 4));
}

std::string ping(std::string_view eight_bytes, bool ack) {
  return frame(kPing, ack ? kAck : kNoFlag, 0, eight_bytes);
}

std::string setting(std::uint16_t id, std::uint32_t value) { return number(id, 2) + number(value, 4); }

std::string settings(std::string_view entries, bool ack) {
  return frame(kSettings, ack ? kAck : kNoFlag, 0, entries);
}

std::vector<Line> request(std::string_view method, std::string_view path, const std::vector<Line>& more) {
  std::vector<Line> out = {{":method", std::string(method)},
                           {":scheme", "http"},
                           {":authority", "test.example"},
                           {":path", std::string(path)}};
  out.insert(out.end(), more.begin(), more.end());
  return out;
}

}  // namespace sluice::test::h2
