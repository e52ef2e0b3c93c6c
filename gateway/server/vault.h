// SPDX-License-Identifier: Apache-2.0
// The part of Vault's HTTP API that is needed to read secrets: GET /v1/PATH of the KV secrets engine,
// version 2. What is asked and what the answer means; who asks, and when, is in vault_secrets.h and
// vault_watch.h. No I/O.
#pragma once
#include <chrono>
#include <string>
#include <variant>

#include "gateway/base/result.h"
#include "gateway/config/load.h"
#include "gateway/config/vault_config.h"
#include "gateway/server/http_fetch.h"
#include "gateway/upstream/web_url.h"

namespace sluice::server {

// The settings with what the environment says in place of what they leave out.
struct VaultAccess {
  upstream::WebUrl address;
  std::string token, name_space, ca;
  std::chrono::milliseconds timeout{};
};

// The error is for the operator, its hint behind it.
struct VaultFault {
  std::string error, hint;
};
std::variant<VaultAccess, VaultFault> vault_access(const config::VaultConfig& config,
                                                   const config::Environment& environment);

// Of one question.
FetchLimits vault_limits(const VaultAccess& access);
FetchRequest vault_request(const VaultAccess& access, const std::string& path);

struct VaultHeard {
  config::Environment::VaultAnswer answer;
  bool down = false;  // Vault could not be asked, or not now: nothing is known about the secret
};
VaultHeard read_vault(const VaultAccess& access, const std::string& path,
                      const base::Result<Fetched>& fetched);

}  // namespace sluice::server
