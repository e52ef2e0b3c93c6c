// SPDX-License-Identifier: Apache-2.0
// OtlpConfig: a collector of OpenTelemetry that the access log goes to, as written under `access_log.otlp`.
#pragma once
#include <cstdint>
#include <string>
#include <string_view>

#include "gateway/config/describe.h"

namespace sluice::observe {

struct OtlpConfig {
  std::string endpoint;  // a URL; without a path that of OTLP is meant
  config::ByName<config::Secret> headers;
  std::string ca;  // PEM; empty: the system's authorities
  std::string service_name = "sluice";
  config::ByName<std::string> resource;  // further attributes
  std::uint32_t batch = 1000;
  config::Duration interval = std::chrono::seconds(1);
  config::Duration timeout = std::chrono::seconds(10);
  config::Duration retry_for = std::chrono::minutes(1);

  bool operator==(const OtlpConfig&) const = default;
};

// Where OTLP over HTTP takes logs if nothing else is said (OTLP 1.0, section "OTLP/HTTP Request").
inline constexpr std::string_view kOtlpLogsPath = "/v1/logs";

void describe(config::Description<OtlpConfig>& d);

}  // namespace sluice::observe
