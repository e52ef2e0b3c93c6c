// SPDX-License-Identifier: Apache-2.0
#include "gateway/config/socket_address.h"

#include <fmt/format.h>

#include "gateway/base/strings.h"
#include "gateway/net/address.h"

namespace sluice::config {
namespace {

Refusal read_path(std::string_view path, SocketAddress& out) {
  if (auto address = net::Address::of_path(path); !address) return Complaint{address.error().detail, ""};
  out = {"", 0, std::string(path)};
  return {};
}

// An IPv6 address that lacks its brackets, perhaps.
Complaint without_brackets(std::string_view ip, std::uint64_t port) {
  bool meant = net::Address::parse(ip, 0).has_value();
  return {"an IPv6 address stands in brackets", meant ? fmt::format("write [{}]:{}", ip, port) : ""};
}

}  // namespace

Refusal SocketAddress::read(std::string_view text, SocketAddress& out) {
  if (text.starts_with(net::kUnixScheme)) return read_path(text.substr(net::kUnixScheme.size()), out);
  auto colon = text.rfind(':');
  if (colon == std::string_view::npos) return Complaint{"it has no port", ""};
  auto port = base::parse_decimal(text.substr(colon + 1));
  if (!port || *port > 65535) return Complaint{"the port must be a number from 0 to 65535", ""};
  auto ip = text.substr(0, colon);
  if (ip == "*") ip = {};
  if (ip.find(':') != std::string_view::npos && ip.front() != '[') return without_brackets(ip, *port);
  std::string number;
  if (!ip.empty()) {
    auto address = net::Address::parse(ip, 0);
    if (!address)
      return Complaint{"it must be an IP address, not a name",
                       ip == "localhost" ? "write 127.0.0.1 for localhost" : ""};
    number = address->ip();
  }
  out = {std::move(number), static_cast<std::uint16_t>(*port), ""};
  return {};
}

std::string SocketAddress::text() const {
  if (!path.empty()) return std::string(net::kUnixScheme) + path;
  bool ipv6 = ip.find(':') != std::string::npos;
  return fmt::format("{}{}{}:{}", ipv6 ? "[" : "", ip, ipv6 ? "]" : "", port);
}

}  // namespace sluice::config
