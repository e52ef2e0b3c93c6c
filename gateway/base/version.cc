// SPDX-License-Identifier: Apache-2.0
#include "gateway/base/version.h"

#include "sluice_version.h"

namespace sluice::base {

const std::string_view kVersion = sluice::kVersion;
const std::string_view kRevision = sluice::kRevision;

}  // namespace sluice::base
