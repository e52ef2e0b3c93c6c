// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace sluice::net {

Address Address::from(const sockaddr* address, socklen_t size) noexcept {
  Address a;
  std::memcpy(&a.storage_, address, std::min<std::size_t>(size, sizeof a.storage_));
  return a;
}

base::Result<Address> Address::parse(std::string_view ip, std::uint16_t port) {
  bool brackets = ip.size() >= 2 && ip.front() == '[' && ip.back() == ']';
  std::string text(brackets ? ip.substr(1, ip.size() - 2) : ip);
  Address a;
  if (!brackets && ::inet_pton(AF_INET, text.c_str(), &a.storage_.v4.sin_addr) == 1) {
    a.storage_.v4.sin_family = AF_INET;
    a.storage_.v4.sin_port = htons(port);
    return a;
  }
  if (::inet_pton(AF_INET6, text.c_str(), &a.storage_.v6.sin6_addr) == 1) {
    a.storage_.v6.sin6_family = AF_INET6;
    a.storage_.v6.sin6_port = htons(port);
    return a;
  }
  return base::fail(base::Reason::internal, "\"" + std::string(ip) + "\" is not an IP address");
}

std::uint16_t Address::port() const noexcept {
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

Address Address::with_port(std::uint16_t port) const noexcept {
  Address a = *this;
  (family() == AF_INET6 ? a.storage_.v6.sin6_port : a.storage_.v4.sin_port) = htons(port);
  return a;
}

bool Address::loopback() const noexcept {
  if (family() == AF_INET) return (ntohl(storage_.v4.sin_addr.s_addr) >> 24) == 127;
  if (family() != AF_INET6) return false;
  const auto& v6 = storage_.v6.sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

std::string_view Address::ip(char* out) const noexcept {
  auto write = [&](const unsigned char* b) {
    char* o = out;
    for (int i = 0; i < 4; ++i) {
      unsigned n = b[i];
      if (i) *o++ = '.';
      if (n >= 100) *o++ = static_cast<char>('0' + n / 100);
      if (n >= 10) *o++ = static_cast<char>('0' + n / 10 % 10);
      *o++ = static_cast<char>('0' + n % 10);
    }
    return std::string_view(out, static_cast<std::size_t>(o - out));
  };
  if (family() == AF_INET) return write(reinterpret_cast<const unsigned char*>(&storage_.v4.sin_addr));
  if (family() != AF_INET6) return {};
  const auto& v6 = storage_.v6.sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return write(v6.s6_addr + 12);
  ::inet_ntop(AF_INET6, &v6, out, INET6_ADDRSTRLEN);
  return out;
}

std::string Address::ip() const {
  char out[INET6_ADDRSTRLEN];
  return std::string(ip(out));
}

std::string Address::text() const {
  std::string n = ip();
  if (n.find(':') != std::string::npos) n = "[" + n + "]";
  return n + ":" + std::to_string(port());
}

socklen_t Address::size() const noexcept {
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

bool operator==(const Address& a, const Address& b) noexcept {
  if (a.family() != b.family() || a.port() != b.port()) return false;
  if (a.family() == AF_INET6)
    return std::memcmp(&a.storage_.v6.sin6_addr, &b.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0;
  return a.storage_.v4.sin_addr.s_addr == b.storage_.v4.sin_addr.s_addr;
}

}  // namespace sluice::net
