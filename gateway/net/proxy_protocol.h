// SPDX-License-Identifier: Apache-2.0
// The PROXY protocol: the header by which one proxy tells the next whose connection it passes on. Versions 1
// (text) and 2 (binary) as in HAProxy's proxy-protocol.txt of 2020-03-05. Bytes in, verdict out, and the
// reverse; no I/O. The listener reads headers with it (front/proxy_header.h), pools write them.
#pragma once
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "gateway/net/address.h"

namespace sluice::net {

// What a header says. Views are into the bytes that were parsed.
struct ProxyHeader {
  std::size_t size = 0;  // bytes of the header
  // Whose connection it is, and whom he connected to. False: the proxy speaks for itself (LOCAL) or does not
  // know (UNKNOWN, UNSPEC); then the connection's own addresses hold.
  bool told = false;
  Address source, destination;  // clients on a Unix socket of the proxy: a Unix address without a name
  // Type-length-values, empty if not there; of several of one type the first. Any bytes.
  std::string_view alpn, authority, unique_id, vpc_endpoint;
};

struct ProxyVerdict {
  enum class Kind : std::uint8_t {
    incomplete,  // a header so far: more bytes decide
    complete,
    invalid  // `fault` says why
  } kind;
  const char* fault = "";
};

// The longest header that is read; longer ones are invalid. Version 2 allows 64 KiB and uses a few hundred.
inline constexpr std::size_t kMaxProxyHeader = 16 * 1024;

// Reads the header that `in` begins with; `out` is set when it is complete.
ProxyVerdict parse_proxy_header(std::span<const char> in, ProxyHeader& out) noexcept;

// What is kept of a header for as long as its connection lives: texts of visible ASCII alone, so that they
// may stand in fields and logs. A unique id of other bytes is written in hexadecimal, other such texts are
// dropped.
struct ProxyFacts {
  explicit ProxyFacts(const ProxyHeader& header);
  Address destination;  // whom the client connected to; unset where it was not told
  std::string alpn, authority, unique_id, vpc_endpoint;
};

enum class ProxyVersion : std::uint8_t { v1, v2 };

// A header of that version, without type-length-values. Where the addresses are not of one IP family both
// become IPv6; a Unix one or none makes it UNKNOWN or UNSPEC.
std::string write_proxy_header(ProxyVersion version, const Address& source, const Address& destination);

// CRC-32C (RFC 3720 appendix B.4) of `data` continuing from `before`, 0 at the start.
std::uint32_t crc32c(std::string_view data, std::uint32_t before = 0) noexcept;

}  // namespace sluice::net
