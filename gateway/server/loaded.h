// SPDX-License-Identifier: Apache-2.0
// Loaded: a configuration that has been read and bound, with all that is needed to complain about it later.
#pragma once
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "gateway/config/bind.h"
#include "gateway/config/load.h"
#include "gateway/server/config.h"
#include "gateway/server/watched_files.h"

namespace sluice::server {

struct Loaded {
  // `load` may use what stands before the document.
  explicit Loaded(const std::function<config::Document(Loaded&)>& load) : document(load(*this)) {}

  config::Diagnostics diagnostics;
  config::VaultUse vault;
  WatchedFiles read;  // its files, as they were before, and what its patterns meant
  config::Document document;
  config::Names names;
  Config config;
  std::string hash;  // of the configuration in its long form, 16 hexadecimal digits

  bool ok() const noexcept { return !diagnostics.has_errors(); }
  // Is there anything to build from?
  bool whole() const noexcept { return ok() && !vault.unasked; }
};

// Reads, binds and checks; never null. Look at ok() before using the config.
// Vault is asked, and waited for, if the environment does so (vault_secrets.h). Any thread.
std::unique_ptr<Loaded> load_file(const std::string& path,
                                  const config::Environment& environment = config::system_environment());
std::unique_ptr<Loaded> load_text(std::string text, const std::string& name = "config.yaml");

}  // namespace sluice::server
