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

// When the request has gone its way: takes out of it what no log is to see, the credentials in URLs.
void hide_credentials(chain::Exchange& ex, const routing::Snapshot& snapshot) noexcept;

}  // namespace sluice::front
