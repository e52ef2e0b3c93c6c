// SPDX-License-Identifier: Apache-2.0
// AccessLogConfig: the operator's settings of the access log, as written under `access_log`.
#pragma once
#include <cstddef>
#include <string>
#include <vector>

namespace sluice::observe {

enum class LogFormat : unsigned char { json, logfmt, combined };

struct AccessLogConfig {
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
                                           "id_token",
                                           "jwt",
                                           "key",
                                           "passwd",
                                           "password",
                                           "refresh_token",
                                           "secret",
                                           "sig",
                                           "signature",
                                           "token",
                                           "x-amz-credential",
                                           "x-amz-security-token",
                                           "x-amz-signature",
                                           "x-api-key"};
  std::size_t buffer = std::size_t{1} << 20;  // bytes of each worker's ring, rounded up to a power of two

  bool operator==(const AccessLogConfig&) const = default;
};

}  // namespace sluice::observe
