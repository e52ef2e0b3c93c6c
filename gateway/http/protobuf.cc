// SPDX-License-Identifier: Apache-2.0
#include "gateway/http/protobuf.h"

namespace sluice::http {

using base::Reason;

namespace {

// Types of fields on the wire.
constexpr unsigned kVarint = 0, kFixed64 = 1, kDelimited = 2, kFixed32 = 5;

// A flag, whether the message is compressed, and its length in four bytes, the highest first (gRPC's
// doc/PROTOCOL-HTTP2.md, Length-Prefixed-Message).
constexpr std::size_t kFrame = 5;

void add_varint(std::string& out, std::uint64_t value) {
  for (; value >= 0x80; value >>= 7) out += static_cast<char>(value | 0x80);
  out += static_cast<char>(value);
}

}  // namespace

void ProtoWriter::delimited(unsigned field, std::string_view value) {
  add_varint(bytes_, field << 3 | kDelimited);
  add_varint(bytes_, value.size());
  bytes_ += value;
}

ProtoWriter& ProtoWriter::text(unsigned field, std::string_view value) {
  if (!value.empty()) delimited(field, value);
  return *this;
}

ProtoWriter& ProtoWriter::number(unsigned field, std::uint64_t value) {
  if (value == 0) return *this;
  add_varint(bytes_, field << 3 | kVarint);
  add_varint(bytes_, value);
  return *this;
}

ProtoWriter& ProtoWriter::message(unsigned field, const ProtoWriter& value) {
  delimited(field, value.bytes());
  return *this;
}

ProtoWriter& ProtoWriter::entry(unsigned field, std::string_view key, std::string_view value) {
  return message(field, ProtoWriter().text(1, key).text(2, value));
}

bool ProtoReader::varint(std::uint64_t& out) noexcept {
  out = 0;
  for (unsigned shift = 0; shift < 64 && !left_.empty(); shift += 7) {
    auto byte = static_cast<unsigned char>(left_.front());
    left_.remove_prefix(1);
    if (shift == 63 && byte > 1) return false;  // more than 64 bits
    out |= static_cast<std::uint64_t>(byte & 0x7f) << shift;
    if (byte < 0x80) return true;
  }
  return false;
}

bool ProtoReader::take(std::uint64_t size, std::string_view& out) noexcept {
  if (size > left_.size()) return false;
  out = left_.substr(0, static_cast<std::size_t>(size));
  left_.remove_prefix(static_cast<std::size_t>(size));
  return true;
}

bool ProtoReader::next(ProtoField& out) noexcept {
  if (left_.empty() || !good_) return false;
  out = {};
  std::uint64_t tag = 0, size = 0;
  good_ = varint(tag) && tag >> 3 != 0 && tag >> 3 < 1U << 29;
  if (!good_) return false;
  out.number = static_cast<unsigned>(tag >> 3);
  switch (tag & 7) {
    case kVarint:
      good_ = varint(out.value);
      break;
    case kFixed64:
      out.type = ProtoField::Type::fixed;
      good_ = take(8, out.bytes);
      break;
    case kDelimited:
      out.type = ProtoField::Type::bytes;
      good_ = varint(size) && take(size, out.bytes);
      break;
    case kFixed32:
      out.type = ProtoField::Type::fixed;
      good_ = take(4, out.bytes);
      break;
    default:
      good_ = false;
  }
  return good_;
}

std::string grpc_frame(std::string_view message) {
  std::string out(1, '\0');
  for (int shift = 24; shift >= 0; shift -= 8) out += static_cast<char>(message.size() >> shift);
  return out.append(message);
}

base::Result<std::string_view> grpc_unframed(std::string_view body) {
  if (body.size() < kFrame) return base::fail(Reason::upstream_protocol, "an answer without a message");
  std::size_t length = 0;
  for (char c : body.substr(1, kFrame - 1)) length = length << 8 | static_cast<unsigned char>(c);
  if (body[0] != 0) return base::fail(Reason::upstream_protocol, "a compressed message, unasked for");
  if (length != body.size() - kFrame)
    return base::fail(Reason::upstream_protocol, "a message of another length than its frame says");
  return body.substr(kFrame);
}

}  // namespace sluice::http
