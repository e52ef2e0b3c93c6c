// SPDX-License-Identifier: Apache-2.0
#include "gateway/upstream/random_choice.h"

#include "gateway/upstream/two_choices.h"

namespace sluice::upstream {

const Candidate& RandomChoice::pick(std::span<const Candidate> usable, const PickKey& /*key*/) noexcept {
  return at(usable, random_.below(sum_of(usable)));
}

}  // namespace sluice::upstream
