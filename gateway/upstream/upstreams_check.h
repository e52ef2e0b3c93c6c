// SPDX-License-Identifier: Apache-2.0
// What the upstreams of a configuration ask of each other. Used by the server layer, which has them all.
#pragma once
#include "gateway/config/describe.h"
#include "gateway/upstream/config.h"

namespace sluice::upstream {

// Complains about upstreams that take over for each other in a circle, and about cookies that would overwrite
// each other. `at` is the site of the structure that has them as `upstreams`.
void check_upstreams(const config::ByName<UpstreamConfig>& upstreams, const config::Site& at);

}  // namespace sluice::upstream
