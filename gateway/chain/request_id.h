// SPDX-License-Identifier: Apache-2.0
// Request ids: the name by which a client, the logs and the upstream speak of one exchange. Made by the first
// who needs one: the request_id filter, a local reply, the access log. Ids are not secrets and must not be
// used as such.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "gateway/base/clock.h"

namespace sluice::chain {

struct Exchange;

inline constexpr std::size_t kUuidSize = 36;
inline constexpr std::size_t kMaxRequestId = 128;

// The id of the exchange. One that has none gets it now: that which a trusted proxy has sent, or else a new
// one.
std::string_view request_id(Exchange& ex);
// The same, but whoever sent one is not asked.
std::string_view own_request_id(Exchange& ex);
// The id that came with the request, where it may be taken over; "" if there is none, or several.
std::string_view offered_request_id(const Exchange& ex) noexcept;
// The same, if a trusted proxy has sent it.
std::string_view believed_request_id(const Exchange& ex) noexcept;

// A new UUID version 7 (RFC 9562 section 5.7) as text: milliseconds since 1970, then 74 random bits, so that
// ids sort by time. No system call: the random bits come from a generator of the calling thread.
void write_uuid(std::span<char, kUuidSize> out, base::WallTime now) noexcept;

// May a client's id be taken over? 1 to 128 letters, digits and `-._~+/=:@`: nothing that means something in
// a log, in JSON or in a URL's path.
bool valid_request_id(std::string_view id) noexcept;

}  // namespace sluice::chain
