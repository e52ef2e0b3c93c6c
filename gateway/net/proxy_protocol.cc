// SPDX-License-Identifier: Apache-2.0
#include "gateway/net/proxy_protocol.h"

#include <arpa/inet.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <optional>

#include "gateway/base/hex.h"
#include "gateway/base/strings.h"

namespace sluice::net {
namespace {

using ProxyKind = ProxyVerdict::Kind;

constexpr ProxyVerdict kProxyIncomplete{ProxyKind::incomplete};
constexpr ProxyVerdict kProxyComplete{ProxyKind::complete};
constexpr ProxyVerdict bad_proxy(const char* fault) noexcept { return {ProxyKind::invalid, fault}; }

// --- Version 1: "PROXY TCP4 192.0.2.1 192.0.2.2 56324 443\r\n"

constexpr std::string_view kText = "PROXY ";
constexpr std::size_t kMaxText = 107;  // with the line's end

// The next word, which one space ends, or the line's end if it is the last.
std::optional<std::string_view> word(std::string_view& line, bool last) noexcept {
  auto space = line.find(' ');
  if ((space == std::string_view::npos) != last) return std::nullopt;
  auto w = line.substr(0, space);
  line.remove_prefix(last ? line.size() : space + 1);
  return w;
}

bool read_number(std::string_view text, int family, std::array<unsigned char, 16>& out) noexcept {
  char copy[INET6_ADDRSTRLEN];
  if (text.size() >= sizeof copy || text.find('\0') != std::string_view::npos) return false;
  copy[text.copy(copy, text.size())] = '\0';
  return ::inet_pton(family, copy, out.data()) == 1;
}

std::optional<std::uint16_t> read_port(std::string_view text) noexcept {
  auto port = base::parse_decimal(text);
  bool canonical = text.size() == 1 || !text.starts_with('0');
  if (!port || *port > 65535 || !canonical) return std::nullopt;
  return static_cast<std::uint16_t>(*port);
}

ProxyVerdict read_line(std::string_view line, ProxyHeader& out) noexcept {
  if (line == "UNKNOWN" || line.starts_with("UNKNOWN ")) return kProxyComplete;
  auto protocol = word(line, false);
  if (!protocol || (*protocol != "TCP4" && *protocol != "TCP6")) return bad_proxy("an unknown protocol");
  int family = *protocol == "TCP4" ? AF_INET : AF_INET6;
  auto source = word(line, false);
  auto destination = word(line, false);
  auto source_port = word(line, false);
  auto destination_port = word(line, true);
  if (!source || !destination || !source_port || !destination_port)
    return bad_proxy("not four addresses and ports");
  std::array<unsigned char, 16> from{}, to{};
  if (!read_number(*source, family, from) || !read_number(*destination, family, to))
    return bad_proxy("an address that is none");
  auto from_port = read_port(*source_port);
  auto to_port = read_port(*destination_port);
  if (!from_port || !to_port) return bad_proxy("a port that is none");
  std::size_t size = family == AF_INET ? 4 : 16;
  out.told = true;
  out.source = Address::of_bytes({from.data(), size}, *from_port);
  out.destination = Address::of_bytes({to.data(), size}, *to_port);
  return kProxyComplete;
}

ProxyVerdict parse_text(std::string_view in, ProxyHeader& out) noexcept {
  auto seen = in.substr(0, kMaxText);
  auto end = seen.find_first_of("\r\n");
  if (end == std::string_view::npos)
    return in.size() < kMaxText ? kProxyIncomplete : bad_proxy("a line that does not end");
  if (seen[end] == '\n') return bad_proxy("a line that ends without CR");
  if (end + 1 == kMaxText) return bad_proxy("a line that does not end");
  if (end + 1 == seen.size()) return kProxyIncomplete;
  if (seen[end + 1] != '\n') return bad_proxy("a CR inside the line");
  out.size = end + 2;
  return read_line(seen.substr(kText.size(), end - kText.size()), out);
}

// --- Version 2: signature, command and version, family and protocol, length, addresses, TLVs

constexpr std::string_view kSignature{"\r\n\r\n\0\r\nQUIT\n", 12};
constexpr std::size_t kFixed = 16;

unsigned byte(std::string_view in, std::size_t at) noexcept { return static_cast<unsigned char>(in[at]); }
std::uint16_t two_bytes(std::string_view in, std::size_t at) noexcept {
  return static_cast<std::uint16_t>(byte(in, at) << 8 | byte(in, at + 1));
}

enum Type : unsigned {
  kAlpn = 0x01,
  kAuthority = 0x02,
  kCrc32c = 0x03,
  kUniqueId = 0x05,
  kAws = 0xea  // of Amazon's load balancers; its first byte 0x01: id of the VPC endpoint
};
constexpr std::size_t kMaxUniqueId = 128;

void keep(std::string_view& first, std::string_view value) noexcept {
  if (first.empty()) first = value;
}

// The checksum is that of the whole header with zeros in its own place.
bool checksum_holds(std::string_view header, std::size_t at) noexcept {
  auto said = static_cast<std::uint32_t>(two_bytes(header, at)) << 16 | two_bytes(header, at + 2);
  auto crc = crc32c(header.substr(0, at));
  crc = crc32c({"\0\0\0\0", 4}, crc);
  return crc32c(header.substr(at + 4), crc) == said;
}

ProxyVerdict read_values(std::string_view header, std::size_t at, ProxyHeader& out) noexcept {
  while (at < header.size()) {
    if (header.size() - at < 3) return bad_proxy("a type-length-value that is cut off");
    unsigned type = byte(header, at);
    std::size_t length = two_bytes(header, at + 1);
    at += 3;
    if (length > header.size() - at) return bad_proxy("a type-length-value that is cut off");
    auto value = header.substr(at, length);
    switch (type) {
      case kAlpn:
        keep(out.alpn, value);
        break;
      case kAuthority:
        keep(out.authority, value);
        break;
      case kUniqueId:
        if (length > kMaxUniqueId) return bad_proxy("a unique id of more than 128 bytes");
        keep(out.unique_id, value);
        break;
      case kAws:
        if (length > 0 && value[0] == 0x01) keep(out.vpc_endpoint, value.substr(1));
        break;
      case kCrc32c:
        if (length != 4) return bad_proxy("a checksum that is not of four bytes");
        if (!checksum_holds(header, at)) return bad_proxy("a checksum that does not hold");
        break;
      default:
        break;  // padding, TLS facts and whatever else there is
    }
    at += length;
  }
  return kProxyComplete;
}

// Sets what the addresses say; how many bytes they take, none when they are cut off.
std::optional<std::size_t> read_addresses(std::string_view header, unsigned family,
                                          ProxyHeader& out) noexcept {
  constexpr std::size_t kUnixPath = 108;
  auto at = [&](std::size_t offset, std::size_t size, std::size_t port) {
    return Address::of_bytes({reinterpret_cast<const unsigned char*>(header.data()) + kFixed + offset, size},
                             two_bytes(header, kFixed + port));
  };
  std::size_t size = family == 0x11 ? 12 : family == 0x21 ? 36 : 2 * kUnixPath;
  if (header.size() - kFixed < size) return std::nullopt;
  if (family == 0x11) {
    out.source = at(0, 4, 8);
    out.destination = at(4, 4, 10);
  } else if (family == 0x21) {
    out.source = at(0, 16, 32);
    out.destination = at(16, 16, 34);
  } else {
    constexpr sockaddr kNameless{AF_UNIX, {}};
    out.source = out.destination = Address::from(&kNameless, sizeof(sa_family_t));
  }
  out.told = true;
  return size;
}

ProxyVerdict parse_binary(std::string_view in, ProxyHeader& out) noexcept {
  if (in.size() < kFixed) return kProxyIncomplete;
  unsigned version = byte(in, 12) >> 4, command = byte(in, 12) & 0xf, family = byte(in, 13);
  std::size_t size = kFixed + two_bytes(in, 14);
  if (version != 2) return bad_proxy("an unknown version");
  if (command > 1) return bad_proxy("an unknown command");
  if (size > kMaxProxyHeader) return bad_proxy("a header that is too long");
  if (in.size() < size) return kProxyIncomplete;
  auto header = in.substr(0, size);
  out.size = size;
  if (command == 0) return kProxyComplete;  // LOCAL: what follows says nothing
  std::size_t addresses = 0;
  // Families and protocols of which we may not be told are errors; of UNSPEC nothing is known.
  if (family == 0x11 || family == 0x21 || family == 0x31) {
    auto read = read_addresses(header, family, out);
    if (!read) return bad_proxy("addresses that are cut off");
    addresses = *read;
  } else if (family != 0x00) {
    return bad_proxy("an unknown family or protocol");
  }
  return read_values(header, kFixed + addresses, out);
}

ProxyVerdict parse_any(std::string_view in, ProxyHeader& out) noexcept {
  auto begins = [&](std::string_view sign) {
    auto n = std::min(in.size(), sign.size());
    return in.substr(0, n) == sign.substr(0, n);
  };
  if (begins(kText)) return in.size() < kText.size() ? kProxyIncomplete : parse_text(in, out);
  if (begins(kSignature)) return in.size() < kSignature.size() ? kProxyIncomplete : parse_binary(in, out);
  return bad_proxy("no PROXY header");
}

}  // namespace

ProxyVerdict parse_proxy_header(std::span<const char> in, ProxyHeader& out) noexcept {
  if (in.empty()) return kProxyIncomplete;
  ProxyHeader header;
  auto verdict = parse_any({in.data(), in.size()}, header);
  if (verdict.kind == ProxyKind::complete) out = header;
  return verdict;
}

namespace {

bool visible(std::string_view text) noexcept {
  return std::ranges::all_of(text, [](char c) { return c > ' ' && c < '\x7f'; });
}

std::string if_visible(std::string_view text) { return std::string(visible(text) ? text : ""); }

std::string visible_or_hexadecimal(std::string_view bytes) {
  return visible(bytes) ? std::string(bytes) : base::to_hex(bytes);
}

}  // namespace

ProxyFacts::ProxyFacts(const ProxyHeader& header)
    : destination(header.destination),
      alpn(if_visible(header.alpn)),
      authority(if_visible(header.authority)),
      unique_id(visible_or_hexadecimal(header.unique_id)),
      vpc_endpoint(if_visible(header.vpc_endpoint)) {}

namespace {

// IPv4 in IPv6 where the other one is IPv6.
std::string wide(const Address& a) {
  auto bytes = a.bytes();
  std::string out(bytes.begin(), bytes.end());
  return bytes.size() == 4 ? std::string("\0\0\0\0\0\0\0\0\0\0\xff\xff", 12) + out : out;
}

std::string address_text(const std::string& bytes) {
  char text[INET6_ADDRSTRLEN];
  ::inet_ntop(bytes.size() == 4 ? AF_INET : AF_INET6, bytes.data(), text, sizeof text);
  return text;
}

std::string in_two_bytes(std::size_t n) {
  return {static_cast<char>(n >> 8 & 0xff), static_cast<char>(n & 0xff)};
}

}  // namespace

std::string write_proxy_header(ProxyVersion version, const Address& source, const Address& destination) {
  bool told = !source.bytes().empty() && !destination.bytes().empty();
  bool four = source.bytes().size() == 4 && destination.bytes().size() == 4;
  if (!told)
    return version == ProxyVersion::v1 ? "PROXY UNKNOWN\r\n"
                                       : std::string(kSignature) + std::string("\x21\0\0\0", 4);
  auto from = four ? std::string(source.bytes().begin(), source.bytes().end()) : wide(source);
  auto to = four ? std::string(destination.bytes().begin(), destination.bytes().end()) : wide(destination);
  if (version == ProxyVersion::v1)
    return std::string("PROXY ") + (four ? "TCP4 " : "TCP6 ") + address_text(from) + " " + address_text(to) +
           " " + std::to_string(source.port()) + " " + std::to_string(destination.port()) + "\r\n";
  auto block = from + to + in_two_bytes(source.port()) + in_two_bytes(destination.port());
  return std::string(kSignature) + (four ? "\x21\x11" : "\x21\x21") + in_two_bytes(block.size()) + block;
}

std::uint32_t crc32c(std::string_view data, std::uint32_t before) noexcept {
  static constexpr auto kTable = [] {
    std::array<std::uint32_t, 256> table{};
    for (std::uint32_t i = 0; i < 256; ++i) {
      std::uint32_t c = i;
      for (int bit = 0; bit < 8; ++bit) c = c & 1 ? c >> 1 ^ 0x82f63b78u : c >> 1;
      table[i] = c;
    }
    return table;
  }();
  std::uint32_t crc = ~before;
  for (char ch : data) crc = crc >> 8 ^ kTable[(crc ^ static_cast<unsigned char>(ch)) & 0xff];
  return ~crc;
}

}  // namespace sluice::net
