// SPDX-License-Identifier: Apache-2.0
// AccessLogConfig: the operator's settings of the access log, as written under `access_log`.
#pragma once
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "gateway/config/describe.h"
#include "gateway/observe/log_condition.h"
#include "gateway/observe/log_template.h"
#include "gateway/observe/otlp_config.h"

namespace sluice::observe {

enum class LogFormat : unsigned char { json, logfmt, combined };

// What `sample` takes its share of the rest of, unless `when` says so.
inline constexpr std::string_view kNotable = "reason != \"\" || status >= 500 || duration_ms > 1000";

struct AccessLogConfig {
  bool enabled = true;
  LogFormat format = LogFormat::json;
  std::optional<LogTemplate> line;        // in place of `format`
  std::string to = "stdout";              // stdout, stderr, the path of a file, or syslog: see syslog.h
  std::optional<OtlpConfig> otlp;         // in place of `to` and `format`
  std::optional<LogCondition> when;       // none, and no `sample`: every request has a line
  std::optional<config::Percent> sample;  // of the others
  // Query parameters whose value is not logged; case does not matter.
  std::vector<std::string> redact_query = {"access_token",
                                           "api_key",
                                           "apikey",
                                           "auth",
                                           "authorization",
                                           "client_secret",
                                           "code",
                                           "jwt",
                                           "key",
                                           "id_token",
                                           "passwd",
                                           "password",
                                           "secret",
                                           "sig",
                                           "token",
                                           "refresh_token",
                                           "signature",
                                           "x-amz-credential",
                                           "x-api-key",
                                           "x-amz-security-token",
                                           "x-amz-signature"};
  static constexpr std::size_t kClaims = 8, kClaimName = 64;
  std::vector<std::string> claims;  // of callers that are logged; none is unless it is written here
  config::Size buffer{1 << 20};     // of each worker; rounded up to a power of two

  bool operator==(const AccessLogConfig&) const = default;
};

void describe(config::Enumeration<LogFormat>& e);
void describe(config::Description<AccessLogConfig>& d);

}  // namespace sluice::observe
