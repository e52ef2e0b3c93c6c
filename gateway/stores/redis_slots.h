// SPDX-License-Identifier: Apache-2.0
// Where keys are in a Redis cluster, as its specification says (redis.io, "Redis cluster specification"):
// each key is in one of 16384 slots, each slot at one master at a time. Pure.
#pragma once
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/stores/redis_protocol.h"

namespace sluice::stores {

inline constexpr std::size_t kRedisSlots = 16384;

// CRC-16/XMODEM: polynomial 0x1021, from zero.
std::uint16_t crc16(std::string_view bytes) noexcept;
// Of the hash tag, what stands between the first { and the next }, if there is one that is not empty, else of
// the whole key.
std::uint16_t redis_slot(std::string_view key) noexcept;

// An error reply by which a node sends elsewhere: MOVED for good, ASK for this command alone.
struct RedisRedirect {
  bool ask = false;
  std::uint16_t slot = 0;
  std::string host;  // "": the host of the node that says so
  std::uint16_t port = 0;
};
std::optional<RedisRedirect> redirect_of(std::string_view error);

struct SlotRange {
  std::uint16_t first = 0, last = 0;
  std::string host;  // "": as above
  std::uint16_t port = 0;
};
// The masters in the reply to CLUSTER SLOTS; none if it has another form.
std::optional<std::vector<SlotRange>> slot_ranges(const redisReply& reply);

}  // namespace sluice::stores
