// SPDX-License-Identifier: Apache-2.0
// VaultSecrets: the Environment of a configuration that is to be served: the system's, and the Vault that the
// configuration names. It remembers what Vault has said, so that a reload while Vault is down goes on with
// the secrets of before. The thread that loads waits for Vault, as long as `vault.timeout` allows.
#pragma once
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

#include "gateway/config/load.h"
#include "gateway/server/vault.h"

namespace sluice::server {

class FetchLoop;

class VaultSecrets final : public config::Environment {
 public:
  explicit VaultSecrets(const config::Environment& system = config::system_environment()) : system_(system) {}

  std::optional<std::string> variable(const std::string& name) const override {
    return system_.variable(name);
  }
  Text read(const std::string& path, std::size_t limit) const override { return system_.read(path, limit); }
  Names matches(const std::string& pattern) const override { return system_.matches(pattern); }
  std::optional<std::vector<VaultAnswer>> vault(const config::VaultConfig& config,
                                                const config::Document& document,
                                                const std::vector<std::string>& paths) const override;
  // Any thread: nobody waits for Vault any more, who does so now hears that it does not answer.
  void give_up() noexcept;

  // The answer to give for what was heard: where Vault was down, that of before.
  VaultAnswer settle(const VaultAccess& access, const std::string& path, VaultHeard heard) const;

 private:
  // While it lives, give_up() stops the loop.
  class Asking {
   public:
    Asking(const VaultSecrets& secrets, FetchLoop& loop);
    Asking(const Asking&) = delete;
    ~Asking();

   private:
    const VaultSecrets& secrets_;
  };

  const config::Environment& system_;
  mutable std::map<std::string, VaultAnswer> last_;  // good answers, by address, namespace and path
  mutable std::mutex mutex_;                         // of what is below
  mutable FetchLoop* asking_ = nullptr;
  bool given_up_ = false;
};

}  // namespace sluice::server
