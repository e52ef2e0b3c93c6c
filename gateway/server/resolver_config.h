// SPDX-License-Identifier: Apache-2.0
// ResolverConfig: which nameservers are asked for names, as written under `resolver`.
#pragma once
#include <cstdint>
#include <string>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/net/dns_lookup.h"

namespace sluice::server {

// "127.0.0.1:5353", "10.0.0.2", "[::1]:53".
struct Nameserver {
  std::string ip;
  std::uint16_t port = 53;
  bool operator==(const Nameserver&) const = default;
  std::string text() const;
};
void describe(config::Text<Nameserver>& t);

struct ResolverConfig {
  std::vector<Nameserver> nameservers;
  bool operator==(const ResolverConfig&) const = default;
  net::DnsOptions options() const;
};
void describe(config::Description<ResolverConfig>& d);

}  // namespace sluice::server
