// SPDX-License-Identifier: Apache-2.0
// The wire format of Protocol Buffers (https://protobuf.dev/programming-guides/encoding), as far as the few
// messages need it that the gateway itself sends and reads, and the frame of gRPC around one. Does no I/O.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sluice::http {

// A message being written. Fields are in the order in which they are added.
class ProtoWriter {
 public:
  // Nothing for an empty text: that is what one that is not there means (proto3).
  ProtoWriter& text(unsigned field, std::string_view value);
  ProtoWriter& number(unsigned field, std::uint64_t value);
  ProtoWriter& message(unsigned field, const ProtoWriter& value);
  // An entry of a map<string, string>.
  ProtoWriter& entry(unsigned field, std::string_view key, std::string_view value);
  const std::string& bytes() const noexcept { return bytes_; }

 private:
  void delimited(unsigned field, std::string_view value);

  std::string bytes_;
};

// A message being read: `ProtoReader r(bytes); for (ProtoField f; r.next(f);) ...`, then r.good().
struct ProtoField {
  enum class Type : std::uint8_t { number, bytes, fixed } type = Type::number;
  unsigned number = 0;
  std::uint64_t value = 0;  // of a number
  std::string_view bytes;   // of all others: a text, bytes, a message; four or eight bytes

  bool is_number(unsigned field) const noexcept { return number == field && type == Type::number; }
  bool is_bytes(unsigned field) const noexcept { return number == field && type == Type::bytes; }
};
class ProtoReader {
 public:
  explicit ProtoReader(std::string_view bytes) noexcept : left_(bytes) {}
  // False at the end, and at what is no message.
  bool next(ProtoField& out) noexcept;
  // Was everything up to the end a message?
  bool good() const noexcept { return good_; }

 private:
  bool varint(std::uint64_t& out) noexcept;
  bool take(std::uint64_t size, std::string_view& out) noexcept;

  std::string_view left_;
  bool good_ = true;
};

// One message as the body of a call of gRPC. At most 4 GiB.
std::string grpc_frame(std::string_view message);
// The message in a body that is exactly one, uncompressed. upstream_protocol for anything else.
base::Result<std::string_view> grpc_unframed(std::string_view body);

}  // namespace sluice::http
