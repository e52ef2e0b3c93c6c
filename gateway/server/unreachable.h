// SPDX-License-Identifier: Apache-2.0
// warn_of_unreachable: says of matches that no request can ever reach them, as far as that is certain from what
// is written: one that equals another which goes first, and one that no listener serves. Called while a
// snapshot is built.
#pragma once
#include "gateway/config/report.h"
#include "gateway/server/config.h"

namespace sluice::server {

void warn_of_unreachable(const Config& config, const config::Report& report);

}  // namespace sluice::server
