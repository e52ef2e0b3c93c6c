// SPDX-License-Identifier: Apache-2.0
// AccessLogConfig: the operator's settings of the access log, as written under `access_log`.
#pragma once
#include <string>
#include <vector>

#include "gateway/config/describe.h"

namespace sluice::observe {

enum class LogFormat : unsigned char { json, logfmt, combined };

struct AccessLogConfig {
  bool enabled = true;
  LogFormat format = LogFormat::json;
  std::string to = "stdout";  // stdout, stderr or the path of a file
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
  config::Size buffer{1 << 20};  // of each worker; rounded up to a power of two

  bool operator==(const AccessLogConfig&) const = default;
};

void describe(config::Enumeration<LogFormat>& e);
void describe(config::Description<AccessLogConfig>& d);

}  // namespace sluice::observe
