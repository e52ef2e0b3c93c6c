// SPDX-License-Identifier: Apache-2.0
// What the admin server tells about the configuration in force and what was made of it. Control thread.
#pragma once
#include <string>
#include <string_view>
#include <vector>

#include "gateway/admin/config_page.h"
#include "gateway/admin/routes_page.h"
#include "gateway/admin/upstreams_page.h"
#include "gateway/server/config.h"
#include "gateway/server/snapshot_builder.h"

namespace sluice::server {

// The three belong together.
struct InForce {
  const Config& config;
  const config::Document& document;
  const BuiltSnapshot& snapshot;
};

// Of that name, or all.
std::vector<admin::RouteReport> report_routes(const InForce& in_force, std::string_view name = {});
// The place that says how long this timeout is, the innermost one of route, upstream and defaults: "default"
// if none does.
std::string timeout_from(const Config& config, const config::Document& document, std::size_t route,
                         std::string_view upstream, std::string_view timeout);

// `targets` gets, in the order of the reports, what each target is of; null: nothing.
std::vector<admin::UpstreamReport> report_upstreams(const Config& config, const BuiltSnapshot& snapshot,
                                                    std::vector<std::shared_ptr<upstream::Target>>& targets);
admin::TargetReport report_target(const upstream::Upstream& upstream, const upstream::Upstream::Shown& shown);

admin::ConfigReport report_config(const InForce& in_force);

}  // namespace sluice::server
