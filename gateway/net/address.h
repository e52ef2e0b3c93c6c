// SPDX-License-Identifier: Apache-2.0
// Address: where to listen or connect: an IPv4 or IPv6 address with port or the path of a Unix socket, as the
// system calls want it and as people write it. Parsing takes numbers only; names are the resolver's work.
#pragma once
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/base/result.h"

namespace sluice::net {

// Before the path of a Unix socket.
inline constexpr std::string_view kUnixScheme = "unix:";

class Address {
 public:
  Address() = default;
  // Of a Unix socket no more is kept than that it is one: the peers there have no names.
  static Address from(const sockaddr* address, socklen_t size) noexcept;
  // "127.0.0.1", "::1" or "[::1]" with a port; an Error (Reason::internal) for anything but an IP
  // number.
  static base::Result<Address> parse(std::string_view ip, std::uint16_t port);
  // A Unix socket by its absolute path; an Error (Reason::internal) for what cannot be one. The path is kept
  // for the life of the process, so that an Address stays small: for paths from configurations only.
  static base::Result<Address> of_path(std::string_view path);

  // The bytes of an IPv4 (4) or IPv6 (16) number as they go over the wire; any other length is the caller's
  // bug.
  static Address of_bytes(std::span<const unsigned char> number, std::uint16_t port) noexcept;

  // The number as it goes over the wire: 4 bytes, also of IPv4-mapped IPv6, or 16; none of a Unix socket.
  std::span<const unsigned char> bytes() const noexcept;
  int family() const noexcept { return storage_.any.sa_family; }
  bool is_unix() const noexcept { return family() == AF_UNIX; }
  // 0 for a Unix socket.
  std::uint16_t port() const noexcept;
  Address with_port(std::uint16_t port) const noexcept;
  // Can only this machine reach it?
  bool loopback() const noexcept;
  // What the text of any number has room in.
  static constexpr std::size_t kLongestIp = INET6_ADDRSTRLEN;
  // The number alone, IPv4-mapped IPv6 shown as IPv4, or "unix"; written to `out` of at least kLongestIp
  // bytes; returns the view.
  std::string_view ip(char* out) const noexcept;
  std::string ip() const;
  // "127.0.0.1:80", "[::1]:80", "unix:/run/orders.sock"
  std::string text() const;

  const sockaddr* data() const noexcept;
  socklen_t size() const noexcept;
  friend bool operator==(const Address& a, const Address& b) noexcept;

 private:
  union {
    sockaddr any;
    sockaddr_in v4;
    sockaddr_in6 v6;
    struct {
      sa_family_t family;
      char address[sizeof(sockaddr_un*)];  // a pointer, null: without a name; as bytes, to keep this small
    } local;
  } storage_{};
  const sockaddr_un* unix_address() const noexcept;
  static Address of_unix(const sockaddr_un* address) noexcept;
};

}  // namespace sluice::net
