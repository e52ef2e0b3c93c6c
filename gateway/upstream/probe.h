// SPDX-License-Identifier: Apache-2.0
// probe: one health check of one target: connects, asks, judges the answer. It dials and speaks as requests
// do, but on a connection of its own, which it closes: it is to find out whether the target takes new ones.
// Used by the prober; keeps no state.
#pragma once
#include "gateway/base/task.h"
#include "gateway/net/loop.h"
#include "gateway/upstream/config.h"
#include "gateway/upstream/health.h"
#include "gateway/upstream/target.h"

namespace sluice::upstream {

// What an upstream says about the checks of its targets.
struct ProbeSettings {
  HealthConfig health;
  ProtocolChoice protocol = ProtocolChoice::automatic;
  HostPolicy host;
  std::optional<net::ProxyVersion> proxy_protocol;
  bool operator==(const ProbeSettings&) const = default;
};
ProbeSettings probe_settings(const UpstreamConfig& config);  // of one with `health`

// Ends within the timeout of the settings, or when its scope is cancelled. An error is the gateway's own, out
// of descriptors for example, and says nothing about the target. That needs an address. All must outlive the
// task.
base::Task<base::Result<Finding>> probe(net::Loop& loop, Target& target, const ProbeSettings& settings);

}  // namespace sluice::upstream
