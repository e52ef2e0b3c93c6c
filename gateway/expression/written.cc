// SPDX-License-Identifier: Apache-2.0
#include "gateway/expression/written.h"

#include <fmt/format.h>

namespace sluice::expression {

config::Complaint complaint(const Fault& fault) {
  return {fmt::format("{} (at character {})", fault.message, fault.offset + 1), fault.hint};
}

}  // namespace sluice::expression
