// SPDX-License-Identifier: Apache-2.0
// VaultSecrets: the Environment of the gateway's own configuration: the system's, and the Vault that the
// configuration names. It remembers what Vault has said, so that a reload while Vault is down goes on with
// the secrets of before. Control thread, which waits for Vault as long as `vault.timeout` allows: nothing is
// served from it.
#pragma once
#include <map>
#include <string>
#include <vector>

#include "gateway/config/load.h"
#include "gateway/server/vault.h"

namespace sluice::server {

class VaultSecrets final : public config::Environment {
 public:
  explicit VaultSecrets(const config::Environment& system = config::system_environment()) : system_(system) {}

  std::optional<std::string> variable(const std::string& name) const override {
    return system_.variable(name);
  }
  Text read(const std::string& path, std::size_t limit) const override { return system_.read(path, limit); }
  Names matches(const std::string& pattern) const override { return system_.matches(pattern); }
  std::vector<VaultAnswer> vault(const config::VaultConfig& config,
                                 const std::vector<std::string>& paths) const override;

  // The answer to give for what was heard: where Vault was down, that of before.
  VaultAnswer settle(const VaultAccess& access, const std::string& path, VaultHeard heard) const;

 private:
  const config::Environment& system_;
  mutable std::map<std::string, VaultAnswer> last_;  // good answers, by address, namespace and path
};

// That of the process.
const VaultSecrets& vault_secrets();

}  // namespace sluice::server
