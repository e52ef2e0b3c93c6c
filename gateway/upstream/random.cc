// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/random.h"

#include <random>

namespace sluice::upstream {

Random Random::seeded() {
  std::random_device device;
  return Random(static_cast<std::uint64_t>(device()) << 32 | device());
}

}  // namespace sluice::upstream
