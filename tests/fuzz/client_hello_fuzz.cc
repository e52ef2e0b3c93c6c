// SPDX-License-Identifier: Apache-2.0
// TLS client hellos: the verdict does not depend on how the bytes arrive or on what follows, and a name can
// break out of nothing.
#include <cstddef>
#include <cstdint>
#include <vector>

#include "gateway/base/assert.h"
#include "gateway/net/client_hello.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace sluice;
  using Kind = net::HelloVerdict::Kind;
  std::span<const char> in(reinterpret_cast<const char*>(data), size);
  net::ClientHello hello;
  auto whole = net::parse_client_hello(in, hello);
  for (char c : hello.server_name)
    SLUICE_ASSERT((c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.');
  std::size_t step = size > 256 ? size / 64 : 1;
  for (std::size_t n = 0; n < size; n += step) {
    // A copy of exactly this size, so that a read past the end is one past the allocation.
    std::vector<char> part(in.begin(), in.begin() + static_cast<std::ptrdiff_t>(n));
    net::ClientHello begun;
    auto verdict = net::parse_client_hello(part, begun);
    if (verdict.kind == Kind::incomplete) continue;
    SLUICE_ASSERT(verdict.kind == whole.kind && begun.server_name == hello.server_name);
    break;
  }
  return 0;
}
