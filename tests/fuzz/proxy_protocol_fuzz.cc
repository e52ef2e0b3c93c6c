// SPDX-License-Identifier: Apache-2.0
// PROXY headers: the verdict does not depend on how the bytes arrive, nothing outside of the header is looked
// at, and what was told comes back when it is written again.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/net/proxy_protocol.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using Kind = net::ProxyVerdict::Kind;
  std::span<const char> in(reinterpret_cast<const char*>(data), size);
  net::ProxyHeader header;
  auto whole = net::parse_proxy_header(in, header);
  if (whole.kind == Kind::complete) SLUICE_ASSERT(header.size > 0 && header.size <= size);
  for (std::size_t n = 0; n < size; ++n) {
    // A copy of exactly this size, so that a read past the end is one past the allocation.
    std::vector<char> part(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(n));
    net::ProxyHeader begun;
    auto verdict = net::parse_proxy_header(part, begun);
    if (verdict.kind == Kind::incomplete) continue;
    SLUICE_ASSERT(verdict.kind == whole.kind);
    SLUICE_ASSERT(verdict.kind == Kind::invalid || (n >= header.size && begun.size == header.size));
    break;
  }
  if (whole.kind != Kind::complete || !header.told || header.source.is_unix()) return 0;
  for (auto version : {net::ProxyVersion::v1, net::ProxyVersion::v2}) {
    auto written = net::write_proxy_header(version, header.source, header.destination);
    net::ProxyHeader again;
    SLUICE_ASSERT(net::parse_proxy_header(written, again).kind == Kind::complete);
    SLUICE_ASSERT(again.source.ip() == header.source.ip() && again.source.port() == header.source.port());
    SLUICE_ASSERT(again.destination.ip() == header.destination.ip());
  }
  return 0;
}
