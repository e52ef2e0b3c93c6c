// SPDX-License-Identifier: Apache-2.0
// What is read out of an answer of DNS (RFC 1035 section 4): the addresses (A, AAAA) or the places of a
// service (SRV, RFC 2782) that it gives, and how long they are good. Takes any bytes: nothing that a server
// sends is trusted. Used by dns_lookup.h; does no I/O.
#pragma once
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "gateway/base/result.h"
#include "gateway/net/address.h"

namespace sluice::net {

// One place of a service, as an SRV record tells it.
struct ServicePlace {
  std::string host;  // lower case, without a last dot; a name that may stand in a URL
  std::uint16_t port = 0;
  std::uint16_t priority = 0;  // the lowest is tried first
  std::uint16_t weight = 0;    // among those of the same priority
  auto operator<=>(const ServicePlace&) const = default;
};

// Type codes, as in questions.
enum class DnsType : std::uint16_t { a = 1, aaaa = 28, srv = 33 };

struct DnsRecords {
  std::vector<Address> addresses;    // ports are 0
  std::vector<ServicePlace> places;  // sorted
  std::uint32_t ttl = 0;             // seconds: the least of what was used, aliases (CNAME) included
};

// The records of that type and of class IN in the answer section. Those whose data is not as it should be are
// left out, as are names that no host can have and an SRV target of "." (there is no such service). An Error
// (upstream_resolve_failed) if the message itself cannot be read to the end of that section.
base::Result<DnsRecords> read_dns_answer(std::span<const unsigned char> message, DnsType type);

}  // namespace sluice::net
