// SPDX-License-Identifier: Apache-2.0
// Answers of DNS: whatever comes, what is read out of it can stand in a Host field and be connected to, and a
// message that is cut short gives nothing that the whole one does not.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/net/dns_message.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  for (auto type : {net::DnsType::a, net::DnsType::aaaa, net::DnsType::srv}) {
    // A copy of exactly this size, so that a read past the end is one past the allocation.
    std::vector<unsigned char> message(data, data + size);
    auto records = net::read_dns_answer(message, type);
    if (!records) continue;
    SLUICE_ASSERT(records->places.empty() || type == net::DnsType::srv);
    SLUICE_ASSERT(records->addresses.size() <= size && records->places.size() <= size);
    for (const auto& address : records->addresses) SLUICE_ASSERT(!address.ip().empty());
    for (const auto& place : records->places) {
      SLUICE_ASSERT(!place.host.empty() && place.host.size() < 254 && place.port > 0);
      for (char c : place.host)
        SLUICE_ASSERT((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
    }
  }
  return 0;
}
