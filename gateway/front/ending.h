// SPDX-License-Identifier: Apache-2.0
// Front::Ending: what both log and metrics need to know of the end of an exchange. Private to front.
#pragma once
#include "gateway/front/front.h"

namespace sluice::front {

struct Front::Ending {
  base::SteadyTime now;
  int status;
  observe::Source source;
  base::Duration duration;
  base::Duration overhead;
};

}  // namespace sluice::front
