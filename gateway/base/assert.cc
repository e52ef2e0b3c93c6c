// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/assert.h"

#include <cstdio>
#include <cstdlib>

namespace sluice::base {

void assertion_failed(const char* what, const char* file, int line) noexcept {
  std::fprintf(stderr, "sluice: internal error: %s does not hold at %s:%d\n", what, file, line);
  std::abort();
}

}  // namespace sluice::base
