// SPDX-License-Identifier: Apache-2.0
#include "gateway/stores/redis_slots.h"

#include <array>

#include "gateway/base/strings.h"

namespace sluice::stores {
namespace {

constexpr std::array<std::uint16_t, 256> kCrcOfByte = [] {
  std::array<std::uint16_t, 256> out{};
  for (unsigned byte = 0; byte < 256; ++byte) {
    unsigned crc = byte << 8;
    for (int bit = 0; bit < 8; ++bit) crc = crc & 0x8000 ? crc << 1 ^ 0x1021 : crc << 1;
    out[byte] = static_cast<std::uint16_t>(crc);
  }
  return out;
}();

std::string_view word(std::string_view& text) {
  auto end = text.find(' ');
  std::string_view out = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  return out;
}

bool slot_in(const redisReply& reply, std::uint16_t& out) {
  if (reply.type != REDIS_REPLY_INTEGER || reply.integer < 0 ||
      reply.integer >= static_cast<long long>(kRedisSlots))
    return false;
  out = static_cast<std::uint16_t>(reply.integer);
  return true;
}

// {host or nil, port, ...}
bool node_in(const redisReply& reply, SlotRange& out) {
  if (reply.type != REDIS_REPLY_ARRAY || reply.elements < 2) return false;
  const redisReply &host = *reply.element[0], &port = *reply.element[1];
  if (host.type == REDIS_REPLY_STRING) {
    out.host.assign(host.str, host.len);
  } else if (host.type != REDIS_REPLY_NIL) {
    return false;
  }
  if (out.host == "?") return false;  // the node does not know
  if (port.type != REDIS_REPLY_INTEGER || port.integer <= 0 || port.integer > 0xffff) return false;
  out.port = static_cast<std::uint16_t>(port.integer);
  return true;
}

}  // namespace

std::uint16_t crc16(std::string_view bytes) noexcept {
  unsigned crc = 0;
  for (unsigned char c : bytes) crc = (crc << 8 & 0xffff) ^ kCrcOfByte[(crc >> 8 ^ c) & 0xff];
  return static_cast<std::uint16_t>(crc);
}

std::uint16_t redis_slot(std::string_view key) noexcept {
  auto open = key.find('{');
  if (open != std::string_view::npos) {
    auto close = key.find('}', open + 1);
    if (close != std::string_view::npos && close > open + 1) key = key.substr(open + 1, close - open - 1);
  }
  return crc16(key) % kRedisSlots;
}

std::optional<RedisRedirect> redirect_of(std::string_view error) {
  RedisRedirect out;
  std::string_view kind = word(error);
  if (kind != "MOVED" && kind != "ASK") return std::nullopt;
  out.ask = kind == "ASK";
  auto slot = base::parse_decimal(word(error));
  std::string_view where = word(error);
  auto colon = where.rfind(':');  // addresses of IPv6 stand there without brackets
  if (!slot || *slot >= kRedisSlots || colon == std::string_view::npos) return std::nullopt;
  auto port = base::parse_decimal(where.substr(colon + 1));
  if (!port || *port == 0 || *port > 0xffff) return std::nullopt;
  out.slot = static_cast<std::uint16_t>(*slot);
  out.host = where.substr(0, colon);
  out.port = static_cast<std::uint16_t>(*port);
  return out;
}

std::optional<std::vector<SlotRange>> slot_ranges(const redisReply& reply) {
  if (reply.type != REDIS_REPLY_ARRAY) return std::nullopt;
  std::vector<SlotRange> out;
  for (std::size_t i = 0; i < reply.elements; ++i) {
    const redisReply& r = *reply.element[i];
    SlotRange range;
    if (r.type != REDIS_REPLY_ARRAY || r.elements < 3) return std::nullopt;
    if (!slot_in(*r.element[0], range.first) || !slot_in(*r.element[1], range.last) ||
        range.first > range.last || !node_in(*r.element[2], range))
      return std::nullopt;
    out.push_back(std::move(range));
  }
  return out;
}

}  // namespace sluice::stores
