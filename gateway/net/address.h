// SPDX-License-Identifier: Apache-2.0
// Address: where to listen or connect: an IPv4 or IPv6 address with port, as the system calls want it and as
// people write it. Parsing takes numbers only; names are the resolver's work.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sluice::net {

class Address {
 public:
  Address() = default;
  static Address from(const sockaddr* address, socklen_t size) noexcept;
  // "127.0.0.1", "::1" or "[::1]" with a port; an Error (Reason::internal) for anything but an IP
  // number.
  static base::Result<Address> parse(std::string_view ip, std::uint16_t port);

  int family() const noexcept { return storage_.any.sa_family; }
  std::uint16_t port() const noexcept;
  Address with_port(std::uint16_t port) const noexcept;
  bool loopback() const noexcept;
  // The number alone, IPv4-mapped IPv6 shown as IPv4, written to `out` of at least 46 bytes; returns the
  // view.
  std::string_view ip(char* out) const noexcept;
  std::string ip() const;
  // "127.0.0.1:80", "[::1]:80"
  std::string text() const;

  const sockaddr* data() const noexcept { return &storage_.any; }
  socklen_t size() const noexcept;
  friend bool operator==(const Address& a, const Address& b) noexcept;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
  } storage_{};
};

}  // namespace sluice::net
