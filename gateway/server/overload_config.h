// SPDX-License-Identifier: Apache-2.0
// OverloadConfig: from when on the gateway takes itself for overloaded.
#pragma once
#include "gateway/config/describe.h"

namespace sluice::server {

// `auto`, `off`, or a size.
struct MemoryLimit {
  enum class Kind : unsigned char { automatic, off, bytes } kind = Kind::automatic;
  config::Size size;  // of Kind::bytes
  bool operator==(const MemoryLimit&) const = default;
};
void describe(config::Text<MemoryLimit>& t);

// `off`, which is zero, or a time.
struct LagLimit {
  config::Duration after = std::chrono::milliseconds(200);
  bool operator==(const LagLimit&) const = default;
};
void describe(config::Text<LagLimit>& t);

struct OverloadConfig {
  MemoryLimit memory_limit;
  LagLimit lag;
  bool operator==(const OverloadConfig&) const = default;
};
void describe(config::Description<OverloadConfig>& d);

}  // namespace sluice::server
