// SPDX-License-Identifier: Apache-2.0
// HTTP/2 frames as bytes, right or wrong: what H2Client and the fuzz corpora are made of. Shares no code with
// the gateway. Header blocks are HPACK literals without indexing and without Huffman coding (RFC 7541 section
// 6.2.2), so that any byte can be in them.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "tests/support/message.h"

namespace sluice::test::h2 {

enum Type : std::uint8_t {
  kData = 0,
  kHeaders = 1,
  kPriority = 2,
  kReset = 3,
  kSettings = 4,
  kPing = 6,
  kGoaway = 7,
  kWindowUpdate = 8,
  kContinuation = 9
};
enum Flag : std::uint8_t {
  kNoFlag = 0,
  kEndStream = 1,
  kAck = 1,
  kEndHeaders = 4,
  kPadded = 8,
  kPriorityFlag = 0x20
};
enum Code : std::uint32_t {
  kNoError = 0,
  kProtocolError = 1,
  kInternalError = 2,
  kFlowControlError = 3,
  kStreamClosed = 5,
  kFrameSizeError = 6,
  kRefusedStream = 7,
  kCancel = 8,
  kCompressionError = 9,
  kEnhanceYourCalm = 11
};

inline constexpr std::string_view kPreface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

std::string number(std::uint64_t value, int bytes);  // big-endian
std::string frame(std::uint8_t type, std::uint8_t flags, std::uint32_t stream, std::string_view payload);
// A frame header that promises `length` bytes.
std::string frame_head(std::size_t length, std::uint8_t type, std::uint8_t flags, std::uint32_t stream);
std::string block(const std::vector<Line>& lines);
std::string headers(std::uint32_t stream, const std::vector<Line>& lines, bool end_stream);
std::string data(std::uint32_t stream, std::string_view bytes, bool end_stream);
std::string reset(std::uint32_t stream, std::uint32_t code);
std::string window_update(std::uint32_t stream, std::uint32_t increment);
std::string ping(std::string_view eight_bytes = "abcdefgh", bool ack = false);
std::string setting(std::uint16_t id, std::uint32_t value);
std::string settings(std::string_view entries = {}, bool ack = false);
// ":method", ":scheme" http, ":authority" test.example, ":path", and `more`.
std::vector<Line> request(std::string_view method, std::string_view path, const std::vector<Line>& more = {});

}  // namespace sluice::test::h2
