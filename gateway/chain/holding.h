// SPDX-License-Identifier: Apache-2.0
// Holding: what a filter or handler says of bodies that it keeps in memory, where all others let them pass
// piece by piece. For people who ask where memory goes: `sluice check --verbose`.
#pragma once
#include <cstdint>
#include <string>

namespace sluice::chain {

struct Holding {
  enum class Whose : std::uint8_t { request, response } whose = Whose::request;
  std::uint64_t at_most = 0;  // bytes of one body
  std::string purpose;        // "to compare them with their digest"
};

}  // namespace sluice::chain
