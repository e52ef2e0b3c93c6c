// SPDX-License-Identifier: Apache-2.0
// DryBuild: a snapshot built as for serving, without workers, sockets or lookups: for the verbs that only
// look.
#pragma once
#include <memory>
#include <string>

#include "gateway/server/listener_tls.h"
#include "gateway/server/loaded.h"
#include "gateway/server/snapshot_builder.h"
#include "gateway/server/vault_secrets.h"

namespace sluice::cli {

// What `--vault` of these verbs says.
constexpr const char* kAskVault =
    "Asks Vault for the secrets that are named, which sends the token to where the configuration says";

// A configuration for them; Vault is asked only where that was said.
inline std::unique_ptr<server::Loaded> read_file(const std::string& path, bool ask_vault) {
  return ask_vault ? server::load_file(path, server::VaultSecrets()) : server::load_file(path);
}

class DryBuild {
 public:
  explicit DryBuild(std::unique_ptr<server::Loaded> loaded)
      : loaded_(std::move(loaded)), metrics_(observe::MetricsOptions{}), targets_({}, nullptr) {
    if (!loaded_->whole()) return;  // what was not read as a whole is not worth building
    snapshot_ = server::build_snapshot(*loaded_, {metrics_, targets_, stores_, lists_, endpoints_});
    server::LastingTls lasting;
    server::build_tls_of_listeners(*loaded_, lasting);
    if (!loaded_->ok()) snapshot_.reset();
  }

  server::Loaded& loaded() noexcept { return *loaded_; }
  // Null if the configuration is bad, or lacks its secrets.
  const server::BuiltSnapshot* snapshot() const noexcept { return snapshot_.get(); }

 private:
  std::unique_ptr<server::Loaded> loaded_;
  observe::MetricsRegistry metrics_;
  upstream::TargetTable targets_;
  stores::Stores stores_;
  server::ListFiles lists_{nullptr};
  server::EndpointFiles endpoints_{nullptr};
  std::shared_ptr<server::BuiltSnapshot> snapshot_;
};

}  // namespace sluice::cli
