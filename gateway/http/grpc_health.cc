// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/grpc_health.h"

#include <optional>

namespace sluice::http {

using base::Reason;

namespace {

// A flag, whether the message is compressed, and its length in four bytes, the highest first (gRPC's
// doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message).
constexpr std::size_t kFrame = 5;

// What is left of a message of Protocol Buffers (https://protobuf.dev/programming-guides/encoding).
class Message {
 public:
  explicit Message(std::string_view bytes) noexcept : left_(bytes) {}
  bool empty() const noexcept { return left_.empty(); }

  std::optional<std::uint64_t> varint() noexcept {
    std::uint64_t value = 0;
    for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
      auto byte = static_cast<unsigned char>(left_.front());
      left_.remove_prefix(1);
      value |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
      if (byte < 0x80) return value;
    }
    return std::nullopt;
  }
  // False: of a type that does not exist, or shorter than it says.
  bool skip(unsigned type) noexcept {
    std::optional<std::uint64_t> size = 0;
    if (type == 0) return varint().has_value();
    if (type == 1) size = 8;
    if (type == 2) size = varint();
    if (type == 5) size = 4;
    if (type > 5 || type == 3 || type == 4 || !size || *size > left_.size()) return false;
    left_.remove_prefix(static_cast<std::size_t>(*size));
    return true;
  }

 private:
  std::string_view left_;
};

void add_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

}  // namespace

std::string_view name(ServingStatus status) noexcept {
  switch (status) {
    case ServingStatus::unknown:
      return "UNKNOWN";
    case ServingStatus::serving:
      return "SERVING";
    case ServingStatus::not_serving:
      return "NOT_SERVING";
    case ServingStatus::service_unknown:
      return "SERVICE_UNKNOWN";
  }
  return "";
}

std::string grpc_health_request(std::string_view service) {
  std::string message;
  if (!service.empty()) {
    message += '\x0a';  // field 1, of type 2: bytes with a length
    add_varint(message, service.size());
    message += service;
  }
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(message.size() >> shift);
  return out + message;
}

base::Result<ServingStatus> parse_grpc_health_response(std::span<const char> body) {
  std::string_view bytes(body.data(), body.size());
  if (bytes.size() < kFrame) return base::fail(Reason::upstream_protocol, "an answer without a message");
  std::size_t length = 0;
  for (char c : bytes.substr(1, kFrame - 1)) length = length << 8 | static_cast<unsigned char>(c);
  if (bytes[0] != 0) return base::fail(Reason::upstream_protocol, "a compressed message, unasked for");
  if (length != bytes.size() - kFrame)
    return base::fail(Reason::upstream_protocol, "a message of another length than its frame says");
  Message message(bytes.substr(kFrame));
  std::uint64_t status = 0;
  while (!message.empty()) {
    auto tag = message.varint();
    bool good = tag.has_value();
    if (good && *tag == 1 << 3) {  // field 1, of type 0: a varint
      auto value = message.varint();
      good = value.has_value();
      status = value.value_or(0);
    } else if (good) {
      good = message.skip(static_cast<unsigned>(*tag & 7));
    }
    if (!good) return base::fail(Reason::upstream_protocol, "a message that is no HealthCheckResponse");
  }
  return status <= 3 ? static_cast<ServingStatus>(status) : ServingStatus::unknown;
}

}  // namespace sluice::http
