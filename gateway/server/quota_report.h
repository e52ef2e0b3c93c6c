// SPDX-License-Identifier: Apache-2.0
// What the page /quotas tells, out of the stores in which quotas are counted. Control thread.
#pragma once
#include <memory>
#include <vector>

#include "gateway/admin/quotas_page.h"
#include "gateway/net/loop.h"
#include "gateway/stores/stores.h"

namespace sluice::server {

// Asks what is counted elsewhere on `loop`, the first worker's, and waits for the answer as long as the store
// may take.
std::vector<admin::QuotaReport> report_quotas(stores::Stores& stores, net::Loop& loop, base::WallTime now,
                                              const admin::QuotaQuery& query);

}  // namespace sluice::server
