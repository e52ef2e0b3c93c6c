// SPDX-License-Identifier: Apache-2.0
// LogLosses: lines of a log that nobody has got, by what became of them.
#pragma once
#include <cstdint>

namespace sluice::observe {

struct LogLosses {
  std::uint64_t full = 0;         // no room was left where they wait for the sink
  std::uint64_t unwritten = 0;    // the sink did not take them before it was closed
  std::uint64_t refused = 0;      // a collector did not want them
  std::uint64_t unreachable = 0;  // a collector could not be reached for too long

  std::uint64_t all() const noexcept { return full + unwritten + refused + unreachable; }
  LogLosses& operator+=(const LogLosses& other) noexcept {
    full += other.full;
    unwritten += other.unwritten;
    refused += other.refused;
    unreachable += other.unreachable;
    return *this;
  }
  bool operator==(const LogLosses&) const = default;
};

}  // namespace sluice::observe
