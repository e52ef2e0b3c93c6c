// SPDX-License-Identifier: Apache-2.0
// The standard process_* metrics, read from /proc/self at scrape.
#pragma once
#include <vector>

#include "gateway/observe/series.h"

namespace sluice::observe {

// Adds them to `store` for as long as the registrations live. What /proc does not tell is left out.
std::vector<ScrapeRegistration> process_metrics_at_scrape(SeriesStore& store);

}  // namespace sluice::observe
