// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/address.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstring>
#include <map>
#include <mutex>

#include "gateway/base/assert.h"

namespace sluice::net {

Address Address::from(const sockaddr* address, socklen_t size) noexcept {
  if (address->sa_family == AF_UNIX) return of_unix(nullptr);
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

namespace {

// One for each path, for ever: as many as configurations have named.
const sockaddr_un* kept(std::string_view path) {
  static std::mutex mutex;
  static std::map<std::string, sockaddr_un, std::less<>> known;
  std::lock_guard lock(mutex);
  auto [at, fresh] = known.try_emplace(std::string(path));
  if (fresh) {
    at->second.sun_family = AF_UNIX;
    path.copy(at->second.sun_path, sizeof at->second.sun_path - 1);
  }
  return &at->second;
}

}  // namespace

base::Result<Address> Address::of_path(std::string_view path) {
  auto refuse = [](const char* why) {
    return base::fail(base::Reason::internal, std::string("the path of a Unix socket must ") + why);
  };
  if (!path.starts_with('/')) return refuse("begin with /");
  if (path.ends_with('/')) return refuse("not end with /");
  if (path.find('\0') != std::string_view::npos) return refuse("not hold a NUL");
  if (path.size() >= sizeof(sockaddr_un::sun_path)) return refuse("be shorter than 108 bytes");
  return of_unix(kept(path));
}

Address Address::of_bytes(std::span<const unsigned char> number, std::uint16_t port) noexcept {
  Address a;
  if (number.size() == 4) {
    a.storage_.v4.sin_family = AF_INET;
    a.storage_.v4.sin_port = htons(port);
    std::memcpy(&a.storage_.v4.sin_addr, number.data(), 4);
    return a;
  }
  SLUICE_ASSERT(number.size() == 16);
  a.storage_.v6.sin6_family = AF_INET6;
  a.storage_.v6.sin6_port = htons(port);
  std::memcpy(&a.storage_.v6.sin6_addr, number.data(), 16);
  return a;
}

std::span<const unsigned char> Address::bytes() const noexcept {
  if (family() == AF_INET) return {reinterpret_cast<const unsigned char*>(&storage_.v4.sin_addr), 4};
  if (family() != AF_INET6) return {};
  const auto& v6 = storage_.v6.sin6_addr;
  if (IN6_IS_ADDR_V4MAPPED(&v6)) return {v6.s6_addr + 12, 4};
  return {v6.s6_addr, 16};
}

std::uint16_t Address::port() const noexcept {
  if (is_unix()) return 0;
  return ntohs(family() == AF_INET6 ? storage_.v6.sin6_port : storage_.v4.sin_port);
}

Address Address::with_port(std::uint16_t port) const noexcept {
  Address a = *this;
  if (!is_unix()) (family() == AF_INET6 ? a.storage_.v6.sin6_port : a.storage_.v4.sin_port) = htons(port);
  return a;
}

bool Address::loopback() const noexcept {
  if (is_unix()) return true;
  if (family() == AF_INET) return (ntohl(storage_.v4.sin_addr.s_addr) >> 24) == 127;
  if (family() != AF_INET6) return false;
  const auto& v6 = storage_.v6.sin6_addr;
  return IN6_IS_ADDR_LOOPBACK(&v6) || (IN6_IS_ADDR_V4MAPPED(&v6) && v6.s6_addr[12] == 127);
}

namespace {

// The numbers of an IPv4 address as they are written: each request has its client's.
struct ByteText {
  char digits[3];
  std::uint8_t size;
};
constexpr auto kByteTexts = [] {
  std::array<ByteText, 256> texts{};
  for (unsigned n = 0; n < texts.size(); ++n) {
    ByteText& text = texts[n];
    if (n >= 100) text.digits[text.size++] = static_cast<char>('0' + n / 100);
    if (n >= 10) text.digits[text.size++] = static_cast<char>('0' + n / 10 % 10);
    text.digits[text.size++] = static_cast<char>('0' + n % 10);
  }
  return texts;
}();

}  // namespace

std::string_view Address::ip(char* out) const noexcept {
  auto write = [&](const unsigned char* b) {
    char* o = out;
    for (int i = 0; i < 4; ++i) {
      const ByteText& text = kByteTexts[b[i]];
      if (i) *o++ = '.';
      std::copy_n(text.digits, 3, o);
      o += text.size;
    }
    return std::string_view(out, static_cast<std::size_t>(o - out));
  };
  if (family() == AF_INET) return write(reinterpret_cast<const unsigned char*>(&storage_.v4.sin_addr));
  if (is_unix()) return {out, std::string_view("unix").copy(out, 4)};
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
  if (is_unix()) return unix_address() ? std::string(kUnixScheme) + unix_address()->sun_path : "unix";
  std::string n = ip();
  if (n.find(':') != std::string::npos) n = "[" + n + "]";
  return n + ":" + std::to_string(port());
}

const sockaddr_un* Address::unix_address() const noexcept {
  const sockaddr_un* address;
  std::memcpy(&address, storage_.local.address, sizeof address);
  return address;
}

Address Address::of_unix(const sockaddr_un* address) noexcept {
  Address a;
  a.storage_.local.family = AF_UNIX;
  std::memcpy(a.storage_.local.address, &address, sizeof address);
  return a;
}

const sockaddr* Address::data() const noexcept {
  bool named = is_unix() && unix_address();
  return named ? reinterpret_cast<const sockaddr*>(unix_address()) : &storage_.any;
}

socklen_t Address::size() const noexcept {
  if (is_unix()) return unix_address() ? sizeof(sockaddr_un) : sizeof(sa_family_t);
  return family() == AF_INET6 ? sizeof(sockaddr_in6) : sizeof(sockaddr_in);
}

bool operator==(const Address& a, const Address& b) noexcept {
  if (a.family() != b.family() || a.port() != b.port()) return false;
  if (a.is_unix()) return a.unix_address() == b.unix_address();
  if (a.family() == AF_INET6)
    return std::memcmp(&a.storage_.v6.sin6_addr, &b.storage_.v6.sin6_addr, sizeof(in6_addr)) == 0;
  return a.storage_.v4.sin_addr.s_addr == b.storage_.v4.sin_addr.s_addr;
}

}  // namespace sluice::net
