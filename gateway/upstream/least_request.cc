// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/least_request.h"

#include "gateway/upstream/two_choices.h"

namespace sluice::upstream {

const Candidate& LeastRequest::pick(std::span<const Candidate> usable, const PickKey& /*key*/) noexcept {
  return better_of_two(usable, random_, less_loaded);
}

}  // namespace sluice::upstream
