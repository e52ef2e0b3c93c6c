// SPDX-License-Identifier: Apache-2.0
// PoolCount: the connections of pools to one target, by protocol, and what goes on on them. Kept by each pool
// for itself; added up where somebody asks.
#pragma once
#include <cstdint>

namespace sluice::upstream {

struct PoolCount {
  struct Connections {
    std::uint32_t idle = 0, active = 0;
  };
  Connections h1, h2;
  std::uint32_t streams = 0;  // on those of HTTP/2

  PoolCount& operator+=(const PoolCount& o) noexcept {
    h1.idle += o.h1.idle;
    h1.active += o.h1.active;
    h2.idle += o.h2.idle;
    h2.active += o.h2.active;
    streams += o.streams;
    return *this;
  }
};

}  // namespace sluice::upstream
